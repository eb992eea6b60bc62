import { Link, useParams, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { FailureReply } from '../../../src/api/failures.ts'
import { useApi } from '../api/use-api.ts'
import { count, named } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from '../parts/action.tsx'
import { Json } from '../parts/json.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { Properties } from '../parts/properties.tsx'
import { EditLink, Edits, FailureEditor } from './failure-edit.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

export function FailurePage(): ReactNode {
  const { subscription, id } = useParams({ from: '/failures/$subscription/$id' })
  const query = useApi<FailureReply>(`failures/${encodeURIComponent(subscription)}/${id}`)
  return <Loaded query={query}>{(failure) => <Content failure={failure} />}</Loaded>
}

function Content({ failure }: { readonly failure: FailureReply }): ReactNode {
  const { t, language } = useLanguage()
  const { edit } = useSearch({ from: '/failures/$subscription/$id' })
  const { store, subscription, id } = failure
  const body = { store, subscription, id }
  const one = count(1, language)
  return (
    <>
      <h1>
        {failure.type}: {failure.message}
      </h1>
      <div className="buttons">
        <Action label={t.failures.retry} path="failures/retry" body={body} />
        <EditLink failure={failure} />
        <Action label={t.failures.release} path="failures/release" body={body} sure={t.failures.releaseSure} />
        <Action
          label={t.failures.discard}
          path="failures/discard"
          body={body}
          sure={t.failures.discardSure(one)}
          isDangerous
        />
      </div>
      {edit === true && !failure.isMasked ? <FailureEditor key={failure.version} failure={failure} /> : null}
      <Properties
        of={[
          [
            t.fields.id,
            <Link key="id" to="/messages/$id" params={{ id }} className="id">
              {id}
            </Link>,
          ],
          [t.fields.event, failure.name],
          [t.fields.entity, failure.entityId],
          [t.fields.subscription, <SubscriptionLink key="subscription" name={subscription} />],
          [t.fields.state, named(t.messageStates, failure.state)],
          [t.fields.attempts, count(failure.attempts, language)],
          [t.fields.first, <Moment key="first" iso={failure.firstFailedAt} />],
          [t.fields.last, <Moment key="last" iso={failure.lastFailedAt} />],
          [t.fields.due, failure.dueAt === null ? null : <Moment key="due" iso={failure.dueAt} />],
          [t.fields.error, failure.code],
        ]}
      />
      <Edits edits={failure.edits} />
      <section>
        <h2>{t.fields.stack}</h2>
        <pre className="json" tabIndex={0} role="region" aria-label={t.fields.stack}>
          {failure.stack}
        </pre>
      </section>
      <section>
        <h2>{t.fields.payload}</h2>
        <Json text={failure.payload} label={t.fields.payload} />
        <h2>{t.fields.headers}</h2>
        <Json text={JSON.stringify(failure.headers)} label={t.fields.headers} />
      </section>
    </>
  )
}
