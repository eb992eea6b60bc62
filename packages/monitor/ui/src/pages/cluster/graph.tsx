import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ReactNode, SubmitEvent } from 'react'
import type { GraphReply } from '../../../../src/api/cluster-graph.ts'
import { useApi } from '../../api/use-api.ts'
import { count } from '../../i18n/format.ts'
import { useLanguage } from '../../i18n/language.tsx'
import { ClusterNav } from '../../parts/cluster-nav.tsx'
import { GraphPicture, NodeLink } from '../../parts/graph-picture.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Table } from '../../parts/table.tsx'

export interface GraphSearch {
  readonly entity?: string
  readonly text?: string
  readonly own?: 'true'
}

export function parseGraphSearch(search: Readonly<Record<string, unknown>>): GraphSearch {
  const { entity, text, own } = search
  return {
    ...(typeof entity === 'string' && entity !== '' ? { entity } : {}),
    ...(typeof text === 'string' && text !== '' ? { text } : {}),
    ...(own === 'true' || own === true ? { own: 'true' } : {}),
  }
}

const from = '/cluster/$cluster/graph'
/** All bindings are read for it. */
const REFRESH_MS = 15_000

export function GraphPage(): ReactNode {
  const { t } = useLanguage()
  const { cluster } = useParams({ from })
  const search = useSearch({ from })
  const query = useApi<GraphReply>(`clusters/${encodeURIComponent(cluster)}/graph`, { ...search }, REFRESH_MS)
  return (
    <>
      <h1>
        {t.graph.heading} · {cluster}
      </h1>
      <ClusterNav cluster={cluster} />
      <p className="hint">{t.graph.hint}</p>
      <Loaded query={query}>
        {(graph) => (
          <>
            <Filters cluster={cluster} search={search} entities={graph.entities} key={JSON.stringify(search)} />
            <Content cluster={cluster} graph={graph} />
          </>
        )}
      </Loaded>
    </>
  )
}

interface FiltersProps {
  readonly cluster: string
  readonly search: GraphSearch
  readonly entities: readonly string[]
}

function Filters({ cluster, search, entities }: FiltersProps): ReactNode {
  const { t } = useLanguage()
  const navigate = useNavigate()
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(event.currentTarget))
    void navigate({ to: from, params: { cluster }, search: parseGraphSearch(fields) })
  }
  return (
    <form className="filters" role="search" onSubmit={submit}>
      <label>
        {t.graph.entity}
        <select name="entity" defaultValue={search.entity ?? ''}>
          <option value="">{t.graph.all}</option>
          {[...new Set([...entities, ...(search.entity === undefined ? [] : [search.entity])])].map((entity) => (
            <option key={entity}>{entity}</option>
          ))}
        </select>
      </label>
      <label>
        {t.graph.text}
        <input name="text" defaultValue={search.text} placeholder="order.crm" />
      </label>
      <label className="check">
        <input type="checkbox" name="own" value="true" defaultChecked={search.own === 'true'} />
        {t.graph.own}
      </label>
      <button type="submit" className="primary">
        {t.list.search}
      </button>
      <Link to={from} params={{ cluster }} search={{}} className="button">
        {t.list.clear}
      </Link>
    </form>
  )
}

function Content({ cluster, graph }: { readonly cluster: string; readonly graph: GraphReply }): ReactNode {
  const { t, language } = useLanguage()
  const { nodes, edges, isTooLarge, queueCount, mostQueues } = graph
  if (isTooLarge)
    return (
      <div className="verdict empty">
        <p>{t.graph.tooLarge(count(queueCount, language), count(mostQueues, language))}</p>
      </div>
    )
  if (nodes.length === 0) return <p className="hint">{t.graph.empty}</p>
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const linkTo = (id: string): ReactNode => {
    const node = byId.get(id)
    return node === undefined ? id : <NodeLink cluster={cluster} node={node} />
  }
  return (
    <>
      <GraphPicture cluster={cluster} nodes={nodes} edges={edges} />
      <section>
        <h2>{t.graph.table}</h2>
        <Table
          label={t.graph.table}
          rows={edges}
          keyOf={(edge) => `${edge.from} ${edge.to}`}
          columns={[
            { heading: t.graph.from, cell: (edge) => linkTo(edge.from) },
            { heading: t.graph.to, cell: (edge) => linkTo(edge.to) },
            {
              heading: t.graph.keys,
              isWide: true,
              cell: ({ keys, keyCount }) =>
                [
                  ...keys.map((key) => (key === '' ? '""' : key)),
                  ...(keyCount > keys.length ? [t.graph.more(count(keyCount - keys.length, language))] : []),
                ].join(', '),
            },
          ]}
        />
      </section>
    </>
  )
}
