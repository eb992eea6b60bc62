import { Link, useParams, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { MinuteRow, SubscriptionReply } from '../../../src/api/subscriptions.ts'
import { useApi } from '../api/use-api.ts'
import { count, moment, named } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from '../parts/action.tsx'
import { BreakerActions } from '../parts/breaker-actions.tsx'
import { CompensationForm } from '../parts/compensation-form.tsx'
import { CompensationProperties } from '../parts/compensation-table.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { Properties } from '../parts/properties.tsx'
import { SubscriptionTable } from '../parts/subscription-table.tsx'
import { Table } from '../parts/table.tsx'
import { Backfills, parseBackfillSearch } from './backfills.tsx'
import { Consumers, SubscriptionCharts } from './subscription-charts.tsx'

export function SubscriptionPage(): ReactNode {
  const { name } = useParams({ from: '/subscriptions/$name' })
  const query = useApi<SubscriptionReply>(`subscriptions/${encodeURIComponent(name)}`)
  return (
    <>
      <h1>{name}</h1>
      <Loaded query={query}>{(reply) => <Content subscription={reply} />}</Loaded>
    </>
  )
}

interface SubscriptionProps {
  readonly subscription: SubscriptionReply
}

function Content({ subscription }: SubscriptionProps): ReactNode {
  const { t } = useLanguage()
  const search = useSearch({ from: '/subscriptions/$name' })
  const { name, publishers, minutes, missing, periods, retired, paused, inbox, unreachable } = subscription
  const isWhole = unreachable.length === 0
  const path = `subscriptions/${encodeURIComponent(name)}`
  return (
    <>
      <div className="buttons">
        <Action label={t.subscription.run} path={`${path}/run`} />
        {inbox === null ? null : paused === null ? (
          <Action
            label={t.subscription.pause}
            path={`${path}/pause`}
            body={{ store: inbox.store }}
            sure={t.subscription.pauseSure(name)}
          />
        ) : (
          <Action label={t.subscription.resume} path={`${path}/resume`} body={{ store: inbox.store }} />
        )}
        {retired === null ? (
          <Action
            label={t.subscription.retire}
            path={`${path}/retire`}
            sure={t.subscription.retireSure(name)}
            isDangerous
          />
        ) : null}
      </div>
      {inbox === null && retired === null && isWhole ? <p className="hint">{t.subscription.pauseElsewhere}</p> : null}
      {paused === null ? null : (
        <p className="note pending">
          <strong>
            {t.subscription.paused} <Moment iso={paused.at} />
          </strong>{' '}
          {t.subscription.pausedBy(paused.by)}
        </p>
      )}
      <SubscriptionTable subscriptions={publishers} />
      <section>
        <h2>{t.subscription.minutes}</h2>
        <p className="hint">{t.subscription.minutesHint}</p>
        <Strip minutes={minutes} />
      </section>
      <SubscriptionCharts name={name} />
      <section>
        <h2>{t.subscription.missing}</h2>
        {missing.length === 0 ? (
          <p className="hint">{isWhole ? t.subscription.missingNone : t.subscription.missingUnknown}</p>
        ) : (
          <Missing subscription={subscription} />
        )}
      </section>
      {retired !== null || publishers.length === 0 ? null : <Compensation subscription={subscription} />}
      <Consumers name={name} />
      {retired === null && subscription.hasInbox && publishers.length > 0 ? (
        <Backfills name={name} search={parseBackfillSearch(search)} />
      ) : null}
      <Properties
        of={[
          [t.overview.columns.service, subscription.service],
          [t.fields.queue, subscription.queue],
          [t.fields.patterns, subscription.patterns.join(', ')],
          [t.fields.firstSeen, <Moment key="first" iso={subscription.firstSeenAt} />],
          [t.fields.lastSeen, <Moment key="last" iso={subscription.lastSeenAt} />],
          [t.states.retired, retired === null ? null : `${retired.by}, ${retired.at}`],
        ]}
      />
      {periods.length < 2 ? null : (
        <section>
          <h2>{t.subscription.periods}</h2>
          <Table
            label={t.subscription.periods}
            rows={periods}
            keyOf={({ from }) => from}
            columns={[
              { heading: t.fields.from, cell: ({ from }) => <Moment iso={from} /> },
              { heading: t.fields.to, cell: ({ to }) => <Moment iso={to} /> },
              { heading: t.fields.patterns, cell: ({ patterns }) => patterns.join(', '), isWide: true },
            ]}
          />
        </section>
      )}
    </>
  )
}

function Compensation({ subscription: { name, publishers, recovered } }: SubscriptionProps): ReactNode {
  const { t, language } = useLanguage()
  const texts = t.compensation
  const path = `subscriptions/${encodeURIComponent(name)}/compensation`
  return (
    <section>
      <h2>{texts.heading}</h2>
      <p className="hint">{texts.hint}</p>
      {publishers.map((each) => (
        <div key={each.store} className="compensation">
          {publishers.length === 1 ? null : <h3>{each.store}</h3>}
          <CompensationProperties
            row={{
              ...{ key: each.store, name, store: each.store },
              compensation: each.compensation,
              subscription: each,
            }}
          />
          <BreakerActions of={each} />
          <CompensationForm
            path={path}
            store={each.store}
            where={publishers.length === 1 ? name : `${name} (${each.store})`}
            compensation={each.compensation}
          />
        </div>
      ))}
      {recovered.length === 0 ? null : (
        <>
          <h3>{texts.recovered}</h3>
          <Table
            label={texts.recovered}
            rows={recovered}
            keyOf={({ store, id }) => `${store} ${id}`}
            columns={[
              { heading: t.fields.id, cell: ({ id }) => <MessageLink id={id} /> },
              { heading: t.fields.event, cell: (row) => row.name },
              { heading: t.fields.cause, cell: ({ cause }) => (cause === null ? '' : named(t.missingCauses, cause)) },
              { heading: t.fields.resends, cell: ({ resends }) => count(resends, language), isNumber: true },
              { heading: t.fields.since, cell: ({ suspectedAt }) => <Moment iso={suspectedAt} /> },
              { heading: texts.came, cell: ({ settledAt }) => <Moment iso={settledAt} /> },
            ]}
          />
        </>
      )}
    </section>
  )
}

function MessageLink({ id }: { readonly id: string }): ReactNode {
  return (
    <Link to="/messages/$id" params={{ id }} className="id">
      {id}
    </Link>
  )
}

const STRIP_MINUTES = 120

/** A cell for each minute, also for those in which there was nothing to compare. */
function Strip({ minutes }: { readonly minutes: readonly MinuteRow[] }): ReactNode {
  const { t, language } = useLanguage()
  const known = new Map(minutes.map((minute) => [Date.parse(minute.at), minute]))
  const lastMs = Math.floor(Date.now() / 60_000) * 60_000
  const cells = Array.from({ length: STRIP_MINUTES }, (_, index) => {
    const atMs = lastMs - (STRIP_MINUTES - 1 - index) * 60_000
    const minute = known.get(atMs)
    const state = minute === undefined ? 'none' : minute.missing > 0 ? 'missing' : minute.state
    const title = t.subscription.minute(
      moment(new Date(atMs).toISOString(), language),
      t.subscription.minuteStates[state],
      count(minute?.expected ?? 0, language),
      count(minute?.missing ?? 0, language),
    )
    return <li key={atMs} className={state} title={title} aria-label={title} />
  })
  return <ol className="strip">{cells}</ol>
}

function Missing({ subscription: { name, missing } }: SubscriptionProps): ReactNode {
  const { t, language } = useLanguage()
  return (
    <Table
      label={t.subscription.missing}
      rows={missing}
      keyOf={({ store, id }) => `${store} ${id}`}
      columns={[
        {
          heading: t.fields.id,
          cell: ({ id }) => <MessageLink id={id} />,
        },
        { heading: t.fields.event, cell: (row) => row.name },
        {
          heading: t.fields.state,
          cell: ({ state, heldBy }) =>
            [named(t.messageStates, state), ...(heldBy === null ? [] : [t.watch.heldBy(heldBy)])].join(', '),
        },
        { heading: t.fields.cause, cell: ({ cause }) => (cause === null ? '' : named(t.missingCauses, cause)) },
        { heading: t.fields.resends, cell: ({ resends }) => count(resends, language), isNumber: true },
        { heading: t.fields.since, cell: ({ suspectedAt }) => <Moment iso={suspectedAt} /> },
        {
          heading: t.subscription.resend,
          cell: ({ id, store }) => (
            <Action label={t.subscription.resend} path={`messages/${id}/resend`} body={{ subscription: name, store }} />
          ),
        },
      ]}
    />
  )
}
