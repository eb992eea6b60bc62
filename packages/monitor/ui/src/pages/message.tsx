import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { DeliveryRow, MessageReply } from '../../../src/api/messages.ts'
import type { Trace } from '../../../src/reads/trace.ts'
import { useApi } from '../api/use-api.ts'
import { count, named } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from '../parts/action.tsx'
import { Json } from '../parts/json.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { Properties } from '../parts/properties.tsx'
import { Table } from '../parts/table.tsx'
import { Timeline } from '../parts/timeline.tsx'
import { Edits } from './failure-edit.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

export function MessagePage(): ReactNode {
  const { id } = useParams({ from: '/messages/$id' })
  const query = useApi<MessageReply>(`messages/${id}`)
  return (
    <>
      <h1 className="id">{id}</h1>
      <Loaded query={query}>{(message) => <Content message={message} />}</Loaded>
    </>
  )
}

function Content({ message }: { readonly message: MessageReply }): ReactNode {
  const { t, language } = useLanguage()
  const { id, published, deliveries, edits, timeline, unreachable } = message
  const isWhole = unreachable.length === 0
  return (
    <>
      {published.length === 0 && isWhole ? <p className="note">{t.messages.publishedNone}</p> : null}
      {published.map(({ store, name, entityId, source, createdAt, state, attempts, error, trace }) => (
        <section key={store}>
          <Properties
            of={[
              [t.fields.event, name],
              [t.fields.entity, entityId],
              [t.fields.by, source],
              [t.fields.published, <Moment key="at" iso={createdAt} />],
              [
                t.fields.state,
                `${named(t.messageStates, state)}${attempts === 0 ? '' : ` (${count(attempts, language)})`}`,
              ],
              [t.fields.error, error],
              [t.fields.trace, trace === null ? null : <TraceLink key="trace" trace={trace} />],
              [t.fields.store, store],
            ]}
          />
          {state === 'sent' ? null : (
            <Action label={t.messages.release} path="messages/release" body={{ ids: [id], store }} />
          )}
        </section>
      ))}
      <section>
        <h2>{t.messages.deliveries}</h2>
        {deliveries.length === 0 ? (
          isWhole ? (
            <p className="hint">{t.messages.deliveriesNone}</p>
          ) : null
        ) : (
          <Table
            label={t.messages.deliveries}
            rows={deliveries.filter(({ state }) => state !== 'not-expected')}
            keyOf={({ subscription }) => subscription}
            columns={[
              { heading: t.fields.subscription, cell: ({ subscription }) => <SubscriptionLink name={subscription} /> },
              { heading: t.fields.state, cell: ({ state }) => named(t.messageStates, state) },
              { heading: t.fields.received, cell: ({ receivedAt }) => <Moment iso={receivedAt} /> },
              { heading: t.fields.settled, cell: ({ settledAt }) => <Moment iso={settledAt} /> },
              { heading: t.fields.attempts, cell: ({ attempts }) => attempts ?? '', isNumber: true },
              { heading: t.fields.due, cell: ({ dueAt, missed }) => <Moment iso={dueAt ?? missed?.dueAt ?? null} /> },
              { heading: t.fields.resends, cell: ({ missed }) => missed?.resends ?? '', isNumber: true },
              { heading: t.fields.error, cell: (row) => <Why delivery={row} message={message} />, isWide: true },
            ]}
          />
        )}
      </section>
      <Timeline steps={timeline} />
      <Edits edits={edits} />
      {published.map(({ store, payload, headers }) => (
        <section key={store}>
          <h2>{t.fields.payload}</h2>
          <Json text={payload} label={t.fields.payload} />
          <h2>{t.fields.headers}</h2>
          <Json text={JSON.stringify(headers)} label={t.fields.headers} />
        </section>
      ))}
    </>
  )
}

/** Elsewhere: in a tab of its own, which learns nothing of this one. */
function TraceLink({ trace: { id, url } }: { readonly trace: Trace }): ReactNode {
  if (url === null) return <span className="id">{id}</span>
  return (
    <a className="id" href={url} target="_blank" rel="noopener noreferrer">
      {id}
    </a>
  )
}

function Why({
  delivery,
  message: { id, published },
}: {
  readonly delivery: DeliveryRow
  readonly message: MessageReply
}): ReactNode {
  const { t } = useLanguage()
  // More than one only when a service's database was copied.
  const store = published.length === 1 ? published[0]?.store : undefined
  const { error, missed, fingerprint, subscription } = delivery
  const cause = missed === null || missed.cause === null ? null : named(t.missingCauses, missed.cause)
  if (missed !== null && missed.state !== 'recovered') {
    return (
      <>
        {[cause, missed.error].filter((each) => each !== null).join(': ')}
        {missed.heldBy === null ? '' : `; ${t.watch.heldBy(missed.heldBy)}`}{' '}
        <Action label={t.subscription.resend} path={`messages/${id}/resend`} body={{ subscription, store }} />
      </>
    )
  }
  if (error === null || fingerprint === null) return error ?? cause ?? ''
  return (
    <Link to="/failures/$subscription/$id" params={{ subscription, id }}>
      {error}
    </Link>
  )
}
