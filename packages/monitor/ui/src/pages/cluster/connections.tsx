import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ReactNode, SubmitEvent } from 'react'
import type { ConnectionsReply } from '../../../../src/api/cluster-reads.ts'
import { useApi } from '../../api/use-api.ts'
import { count } from '../../i18n/format.ts'
import { useLanguage } from '../../i18n/language.tsx'
import { ClusterNav } from '../../parts/cluster-nav.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Moment } from '../../parts/moment.tsx'
import { Table } from '../../parts/table.tsx'

export interface ConnectionSearch {
  readonly page?: number
  readonly filter?: string
}

export function parseConnectionSearch(search: Readonly<Record<string, unknown>>): ConnectionSearch {
  const page = Number(search['page'])
  const { filter } = search
  return {
    ...(Number.isInteger(page) && page > 1 ? { page } : {}),
    ...(typeof filter === 'string' && filter !== '' ? { filter } : {}),
  }
}

const from = '/cluster/$cluster/connections'

export function ConnectionsPage(): ReactNode {
  const { t } = useLanguage()
  const { cluster } = useParams({ from })
  const search = useSearch({ from })
  const navigate = useNavigate()
  const query = useApi<ConnectionsReply>(`clusters/${encodeURIComponent(cluster)}/connections`, { ...search })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(event.currentTarget))
    void navigate({ to: from, params: { cluster }, search: parseConnectionSearch(fields) })
  }
  return (
    <>
      <h1>
        {t.connections.heading} · {cluster}
      </h1>
      <ClusterNav cluster={cluster} />
      <form className="filters" role="search" onSubmit={submit} key={search.filter}>
        <label>
          {t.connections.name}
          <input name="filter" defaultValue={search.filter} placeholder="10.0.0.7" />
        </label>
        <button type="submit" className="primary">
          {t.list.search}
        </button>
        <Link to={from} params={{ cluster }} search={{}} className="button">
          {t.list.clear}
        </Link>
      </form>
      <Loaded query={query}>{(reply) => <Connections reply={reply} cluster={cluster} search={search} />}</Loaded>
    </>
  )
}

function Connections({
  reply: { connections, page, pages, count: total },
  cluster,
  search,
}: {
  readonly reply: ConnectionsReply
  readonly cluster: string
  readonly search: ConnectionSearch
}): ReactNode {
  const { t, language } = useLanguage()
  if (connections.length === 0) return <p className="hint">{t.list.empty}</p>
  const toPage = (number: number, label: string): ReactNode => (
    <Link to={from} params={{ cluster }} search={parseConnectionSearch({ ...search, page: number })} className="button">
      {label}
    </Link>
  )
  return (
    <>
      <p className="hint">{t.connections.count(count(total, language))}</p>
      <Table
        label={t.connections.heading}
        rows={connections}
        keyOf={({ name }) => name}
        columns={[
          { heading: t.connections.name, cell: ({ name }) => name },
          { heading: t.connections.ownName, cell: ({ ownName }) => ownName ?? '' },
          { heading: t.connections.user, cell: ({ user }) => user ?? '' },
          { heading: t.connections.peer, cell: ({ peer }) => peer ?? '' },
          { heading: t.cluster.node, cell: ({ node }) => node ?? '' },
          { heading: 'vhost', cell: ({ vhost }) => vhost ?? '' },
          {
            heading: t.connections.channels,
            isNumber: true,
            cell: ({ channels }) => (channels === null ? '' : count(channels, language)),
          },
          {
            heading: t.fields.state,
            cell: ({ state }) => (
              <span className={`state ${state === 'blocked' || state === 'blocking' ? 'bad' : 'none'}`}>
                {state ?? ''}
              </span>
            ),
          },
          { heading: 'TLS', cell: ({ isTls }) => (isTls ? t.overview.yes : t.overview.no) },
          { heading: t.fields.since, cell: ({ connectedAt }) => <Moment iso={connectedAt} /> },
        ]}
      />
      {pages < 2 ? null : (
        <nav className="buttons" aria-label={t.connections.pages}>
          {page > 1 ? toPage(page - 1, t.connections.previous) : null}
          <span>{t.connections.page(count(page, language), count(pages, language))}</span>
          {page < pages ? toPage(page + 1, t.connections.next) : null}
        </nav>
      )}
    </>
  )
}
