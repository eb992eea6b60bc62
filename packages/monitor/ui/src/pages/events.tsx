import { Link } from '@tanstack/react-router'
import { useDeferredValue, useState } from 'react'
import type { ReactNode } from 'react'
import type { EventRow, MatchReply } from '../../../src/api/events.ts'
import { useApi } from '../api/use-api.ts'
import { count, rate } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Table } from '../parts/table.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

export function EventsPage(): ReactNode {
  const { t } = useLanguage()
  const query = useApi<{ readonly hasCatalog: boolean; readonly events: readonly EventRow[] }>('events')
  const [pattern, setPattern] = useState('')
  return (
    <>
      <h1>{t.nav.events}</h1>
      <Loaded query={query}>
        {({ hasCatalog, events }) =>
          hasCatalog ? (
            <>
              <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
                <label>
                  {t.events.tester}
                  <input value={pattern} onChange={(event) => setPattern(event.target.value)} placeholder="order.#" />
                </label>
              </form>
              {pattern === '' ? <Events events={events} /> : <Matching pattern={pattern} events={events} />}
            </>
          ) : (
            <div className="verdict empty">
              <p>{t.events.none}</p>
            </div>
          )
        }
      </Loaded>
    </>
  )
}

function Matching({ pattern, events }: { readonly pattern: string; readonly events: readonly EventRow[] }): ReactNode {
  const { t, language } = useLanguage()
  const query = useApi<MatchReply>('events/match', { pattern: useDeferredValue(pattern) })
  return (
    <Loaded query={query}>
      {({ isValid, error, suggestion, events: names }) => (
        <>
          <p className="hint" role="status">
            {isValid
              ? (error ?? t.events.matched(count(names.length, language)))
              : `${t.events.invalid}: ${error ?? ''}`}{' '}
            {suggestion === null ? '' : t.events.perhaps(suggestion)}
          </p>
          <Events events={events.filter(({ name }) => names.includes(name))} />
        </>
      )}
    </Loaded>
  )
}

function Events({ events }: { readonly events: readonly EventRow[] }): ReactNode {
  const { t, language } = useLanguage()
  if (events.length === 0) return null
  return (
    <Table
      label={t.nav.events}
      rows={events}
      keyOf={({ name }) => name}
      columns={[
        {
          heading: t.fields.event,
          cell: ({ name }) => (
            <Link to="/events/$name" params={{ name }}>
              {name}
            </Link>
          ),
        },
        { heading: t.fields.entity, cell: ({ entity }) => entity },
        {
          heading: t.events.kind,
          cell: ({ isOrdered, isOptional }) =>
            [...(isOrdered ? [t.events.ordered] : []), ...(isOptional ? [t.events.optional] : [])].join(', '),
        },
        { heading: t.events.rate, isNumber: true, cell: ({ perSecond }) => rate(perSecond, language) },
        { heading: t.events.description, cell: ({ description }) => description ?? '', isWide: true },
        {
          heading: t.events.subscribers,
          cell: ({ subscriptions }) => (
            <span className="buttons">
              {subscriptions.map(({ name }) => (
                <SubscriptionLink key={name} name={name} />
              ))}
            </span>
          ),
        },
      ]}
    />
  )
}
