import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ReactNode, SubmitEvent } from 'react'
import type { ActionGroupRow, ActionRow } from '../../../src/api/activity.ts'
import { useApi } from '../api/use-api.ts'
import type { Page } from '../api/use-page.ts'
import { count } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { isoOfLocal, localTime } from '../parts/local-time.ts'
import { Moment } from '../parts/moment.tsx'
import type { Column } from '../parts/table.tsx'
import { Table } from '../parts/table.tsx'
import { MessageLink } from './messages.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

export interface ActivitySearch {
  readonly actor?: string
  readonly action?: string
  readonly since?: string
  readonly until?: string
  readonly before?: string
  /** Of what was done at once, the one that is open: its store, and its entries from `oldest` to `newest`. */
  readonly store?: string
  readonly newest?: string
  readonly oldest?: string
}

const keys = ['actor', 'action', 'since', 'until', 'before', 'store', 'newest', 'oldest'] as const

export function parseActivitySearch(search: Readonly<Record<string, unknown>>): ActivitySearch {
  // Ids are digits, which a router takes for numbers.
  const text = (value: unknown): string =>
    typeof value === 'number' ? String(value) : typeof value === 'string' ? value : ''
  const found = keys.map((key) => [key, text(search[key]).trim()] as const).filter(([, value]) => value !== '')
  return Object.fromEntries(found)
}

export function ActivityPage(): ReactNode {
  const { t } = useLanguage()
  const search = useSearch({ from: '/activity' })
  const isOpen = search.store !== undefined && search.newest !== undefined && search.oldest !== undefined
  return (
    <>
      <h1>{t.nav.activity}</h1>
      {isOpen ? <One search={search} /> : <All search={search} />}
    </>
  )
}

function All({ search }: { readonly search: ActivitySearch }): ReactNode {
  const { t, language } = useLanguage()
  const query = useApi<Page<ActionGroupRow>>('activity/groups', { ...search })
  const to = (row: ActionGroupRow): ReactNode => {
    const { store, id, from, entries, isCut, messageId } = row
    if (entries === 1 && !isCut) return messageId === null ? null : <MessageLink id={messageId} />
    const { before: _page, ...filters } = search
    return (
      <Link to="/activity" search={{ ...filters, store, newest: id, oldest: from }}>
        {(isCut ? t.activity.atLeast : t.activity.messages)(count(entries, language))}
      </Link>
    )
  }
  return (
    <>
      <Filters key={JSON.stringify(search)} search={search} />
      <Loaded query={query}>
        {(page) => <Entries page={page} search={search} messages={{ heading: t.activity.about, cell: to }} />}
      </Loaded>
    </>
  )
}

/** What somebody did at once, message by message. */
function One({ search }: { readonly search: ActivitySearch }): ReactNode {
  const { t } = useLanguage()
  const { store, newest, oldest, before, ...filters } = search
  const query = useApi<Page<ActionRow>>('activity', { store, newest, oldest, before, limit: 200 })
  const messages: Column<ActionRow> = {
    heading: t.fields.id,
    cell: ({ messageId }) => (messageId === null ? null : <MessageLink id={messageId} />),
  }
  return (
    <>
      <nav className="buttons above" aria-label={t.activity.back}>
        <Link to="/activity" search={filters} className="button">
          {t.activity.back}
        </Link>
      </nav>
      <Loaded query={query}>{(page) => <Entries page={page} search={search} messages={messages} />}</Loaded>
    </>
  )
}

function Entries<Row extends ActionRow>({
  page: { rows, next, unreachable },
  search,
  messages,
}: {
  readonly page: Page<Row>
  readonly search: ActivitySearch
  readonly messages: Column<Row>
}): ReactNode {
  const { t } = useLanguage()
  const isAll = Object.keys(search).length === 0 && unreachable.length === 0
  if (rows.length === 0) return <p className="hint">{isAll ? t.activity.empty : t.list.empty}</p>
  return (
    <>
      <Table
        label={t.nav.activity}
        rows={rows}
        keyOf={({ store, id }) => `${store} ${id}`}
        columns={[
          { heading: t.activity.when, cell: ({ at }) => <Moment iso={at} /> },
          { heading: t.activity.who, cell: ({ actor }) => actor },
          {
            heading: t.activity.what,
            cell: ({ action, cluster }) => (cluster === null ? action : (t.clusterActions.names[action] ?? action)),
          },
          { heading: t.activity.to, cell: (row) => <Target row={row} /> },
          {
            heading: t.activity.outcome,
            cell: ({ cluster }) =>
              cluster === null ? '' : (t.clusterActions.outcomes[cluster.outcome] ?? cluster.outcome),
          },
          {
            heading: t.fields.subscription,
            cell: ({ subscription }) => (subscription === null ? '' : <SubscriptionLink name={subscription} />),
          },
          messages,
          { heading: t.fields.store, cell: ({ store }) => store },
        ]}
      />
      {next === null ? null : (
        <nav className="buttons below" aria-label={t.list.older}>
          <Link to="/activity" search={{ ...search, before: next }} className="button">
            {t.list.older}
          </Link>
        </nav>
      )}
    </>
  )
}

function Filters({ search }: { readonly search: ActivitySearch }): ReactNode {
  const { t } = useLanguage()
  const navigate = useNavigate()
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const { since, until, ...fields } = Object.fromEntries(new FormData(event.currentTarget))
    const asked = parseActivitySearch({ ...fields, since: isoOfLocal(since), until: isoOfLocal(until) })
    void navigate({ to: '/activity', search: asked })
  }
  return (
    <form className="filters" onSubmit={submit} role="search">
      <label>
        {t.activity.who}
        <input name="actor" defaultValue={search.actor} placeholder="token:deploy" />
      </label>
      <label>
        {t.activity.what}
        <input name="action" defaultValue={search.action} placeholder="retry" />
      </label>
      <label>
        {t.activity.since}
        <input type="datetime-local" name="since" defaultValue={localTime(search.since)} />
      </label>
      <label>
        {t.activity.until}
        <input type="datetime-local" name="until" defaultValue={localTime(search.until)} />
      </label>
      <button type="submit" className="primary">
        {t.list.search}
      </button>
      <Link to="/activity" search={{}} className="button">
        {t.list.clear}
      </Link>
    </form>
  )
}

function Target({ row: { cluster, watch } }: { readonly row: ActionRow }): ReactNode {
  if (cluster === null) return watch
  const { name, about } = cluster
  return [name, ...about].join(' · ')
}
