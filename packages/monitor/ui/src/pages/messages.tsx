import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { ReactNode, SubmitEvent } from 'react'
import type { ReceivedRow, SentRow } from '../../../src/api/messages.ts'
import { usePage } from '../api/use-page.ts'
import type { Page } from '../api/use-page.ts'
import { named } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Found } from '../parts/found.tsx'
import { isoOfLocal, localTime } from '../parts/local-time.ts'
import { Moment } from '../parts/moment.tsx'
import type { Column } from '../parts/table.tsx'
import { Table } from '../parts/table.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

/** What the address says of the search, so that it can be shared. */
export interface MessageSearch {
  readonly side?: 'received'
  readonly name?: string
  readonly entityId?: string
  readonly subscription?: string
  readonly state?: string
  /** In ISO 8601. */
  readonly since?: string
  readonly until?: string
  readonly before?: string
}

const texts = ['name', 'entityId', 'subscription', 'state', 'since', 'until', 'before'] as const

export function parseMessageSearch(search: Readonly<Record<string, unknown>>): MessageSearch {
  const found = texts.flatMap((key) =>
    typeof search[key] === 'string' && search[key] !== '' ? [[key, search[key]]] : [],
  )
  return {
    ...(search['side'] === 'received' ? { side: 'received' as const } : {}),
    ...(Object.fromEntries(found) as MessageSearch),
  }
}

const sentStates = ['sent', 'pending', 'unroutable', 'unpublishable']
const statuses = ['handled', 'retrying', 'parked', 'discarded']
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function MessagesPage(): ReactNode {
  const { t } = useLanguage()
  const search = useSearch({ from: '/messages' })
  return (
    <>
      <h1>{t.nav.messages}</h1>
      <Filters key={JSON.stringify(search)} search={search} />
      {search.side === 'received' ? <Received search={search} /> : <Sent search={search} />}
    </>
  )
}

function Filters({ search }: { readonly search: MessageSearch }): ReactNode {
  const { t } = useLanguage()
  const navigate = useNavigate()
  const [side, setSide] = useState(search.side)
  const isReceived = side === 'received'
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const { since, until, ...fields } = Object.fromEntries(new FormData(event.currentTarget))
    const id = typeof fields['id'] === 'string' ? fields['id'].trim() : ''
    if (ID.test(id)) void navigate({ to: '/messages/$id', params: { id } })
    else
      void navigate({
        to: '/messages',
        search: parseMessageSearch({ ...fields, since: isoOfLocal(since), until: isoOfLocal(until) }),
      })
  }
  return (
    <form className="filters" onSubmit={submit} role="search">
      <label>
        {t.fields.id}
        <input name="id" placeholder="0197c2f0-…" title={t.messages.idHint} />
      </label>
      <label>
        {t.messages.side}
        <select
          name="side"
          value={side ?? 'sent'}
          onChange={(event) => setSide(event.target.value === 'received' ? 'received' : undefined)}
        >
          <option value="sent">{t.messages.sides.sent}</option>
          <option value="received">{t.messages.sides.received}</option>
        </select>
      </label>
      <label>
        {t.fields.event}
        <input name="name" defaultValue={search.name} placeholder="order.payment.onPaid" />
      </label>
      {isReceived ? (
        <label>
          {t.fields.subscription}
          <input name="subscription" defaultValue={search.subscription} />
        </label>
      ) : (
        <label>
          {t.fields.entity}
          <input name="entityId" defaultValue={search.entityId} />
        </label>
      )}
      <label>
        {t.fields.state}
        <select name="state" defaultValue={search.state ?? ''}>
          <option value="">{t.list.any}</option>
          {(isReceived ? statuses : sentStates).map((state) => (
            <option key={state} value={state}>
              {named(t.messageStates, state)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.fields.since}
        <input type="datetime-local" name="since" defaultValue={localTime(search.since)} />
      </label>
      <label>
        {t.fields.until}
        <input type="datetime-local" name="until" defaultValue={localTime(search.until)} />
      </label>
      <button type="submit" className="primary">
        {t.list.search}
      </button>
      <Link to="/messages" search={{}} className="button">
        {t.list.clear}
      </Link>
    </form>
  )
}

function Sent({ search }: { readonly search: MessageSearch }): ReactNode {
  const { t } = useLanguage()
  const { name, entityId, state, since, until, before } = search
  const found = usePage<SentRow>('messages/sent', { name, entityId, state, since, until, before })
  const columns: readonly Column<SentRow>[] = [
    { heading: t.fields.published, cell: ({ createdAt }) => <Moment iso={createdAt} /> },
    { heading: t.fields.event, cell: (row) => row.name },
    { heading: t.fields.entity, cell: (row) => row.entityId },
    { heading: t.fields.state, cell: ({ state: of }) => named(t.messageStates, of) },
    { heading: t.fields.by, cell: ({ source }) => source },
    { heading: t.fields.id, cell: ({ id }) => <MessageLink id={id} /> },
    { heading: t.fields.error, cell: ({ error }) => error ?? '', isWide: true },
  ]
  return (
    <Found search={found}>
      {(page) => <List page={page} search={search} columns={columns} keyOf={({ store, id }) => `${store} ${id}`} />}
    </Found>
  )
}

function Received({ search }: { readonly search: MessageSearch }): ReactNode {
  const { t } = useLanguage()
  const { name, subscription, state, since, until, before } = search
  const filter = { name, subscription, status: state, since, until, before }
  const found = usePage<ReceivedRow>('messages/received', filter)
  const columns: readonly Column<ReceivedRow>[] = [
    { heading: t.fields.received, cell: ({ receivedAt }) => <Moment iso={receivedAt} /> },
    { heading: t.fields.event, cell: (row) => row.name },
    { heading: t.fields.subscription, cell: (row) => <SubscriptionLink name={row.subscription} /> },
    { heading: t.fields.state, cell: ({ status }) => named(t.messageStates, status) },
    { heading: t.fields.by, cell: ({ source }) => source },
    { heading: t.fields.id, cell: ({ id }) => <MessageLink id={id} /> },
    { heading: t.fields.error, cell: ({ error }) => error ?? '', isWide: true },
  ]
  return (
    <Found search={found}>
      {(page) => (
        <List page={page} search={search} columns={columns} keyOf={(row) => `${row.subscription} ${row.id}`} />
      )}
    </Found>
  )
}

function List<Row>({
  page: { rows, next },
  search,
  columns,
  keyOf,
}: {
  readonly page: Page<Row>
  readonly search: MessageSearch
  readonly columns: readonly Column<Row>[]
  readonly keyOf: (row: Row) => string
}): ReactNode {
  const { t } = useLanguage()
  const { before, ...newest } = search
  return (
    <>
      <Table label={t.nav.messages} rows={rows} columns={columns} keyOf={keyOf} />
      <nav className="buttons" aria-label={t.list.older}>
        {before === undefined ? null : (
          <Link to="/messages" search={newest} className="button">
            {t.list.newest}
          </Link>
        )}
        {next === null ? null : (
          <Link to="/messages" search={{ ...search, before: next }} className="button">
            {t.list.older}
          </Link>
        )}
      </nav>
    </>
  )
}

export function MessageLink({ id }: { readonly id: string }): ReactNode {
  return (
    <Link to="/messages/$id" params={{ id }} className="id">
      {id}
    </Link>
  )
}
