import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { EventDetails } from '../../../src/api/events.ts'
import { useApi } from '../api/use-api.ts'
import { rate } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Json } from '../parts/json.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Properties } from '../parts/properties.tsx'
import { Table } from '../parts/table.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

/** One event of the catalog: what it means, what it says, who wants it. */
export function EventPage(): ReactNode {
  const { t } = useLanguage()
  const { name } = useParams({ from: '/events/$name' })
  const query = useApi<EventDetails>(`events/${encodeURIComponent(name)}`)
  return (
    <>
      <h1>{name}</h1>
      <p>
        <Link to="/events">{t.events.all}</Link>
      </p>
      <Loaded query={query}>{(event) => <Content event={event} />}</Loaded>
    </>
  )
}

function Content({ event }: { readonly event: EventDetails }): ReactNode {
  const { t, language } = useLanguage()
  const { entity, scope, process, fact, identity, isOrdered, isOptional, description, schema, subscriptions } = event
  const kinds = [...(isOrdered ? [t.events.ordered] : []), ...(isOptional ? [t.events.optional] : [])]
  return (
    <>
      {description === null ? null : <p>{description}</p>}
      <Properties
        of={[
          [t.fields.entity, entity],
          [t.events.scope, scope ?? '–'],
          [t.events.process, process],
          [t.events.fact, fact],
          [t.events.identity, identity],
          [t.events.kind, kinds.length === 0 ? '–' : kinds.join(', ')],
          [t.events.rate, `${rate(event.perSecond, language)} (${t.events.rateHint})`],
        ]}
      />
      <section>
        <h2>{t.events.subscribers}</h2>
        {subscriptions.length === 0 ? (
          <p className="hint">{t.events.nobody}</p>
        ) : (
          <Table
            label={t.events.subscribers}
            rows={subscriptions}
            keyOf={(row) => row.name}
            columns={[
              { heading: t.fields.subscription, cell: (row) => <SubscriptionLink name={row.name} /> },
              { heading: t.fields.patterns, cell: ({ patterns }) => patterns.join(' ') },
            ]}
          />
        )}
      </section>
      <section>
        <h2>{t.events.schema}</h2>
        <p className="hint">{schema === null ? t.events.noSchema : t.events.schemaHint}</p>
        {schema === null ? null : <Json label={t.events.schema} text={JSON.stringify(schema)} />}
      </section>
    </>
  )
}
