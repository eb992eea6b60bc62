import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { ReactNode } from 'react'
import type { GraphReply } from '../../../src/api/cluster-graph.ts'
import { useLanguage } from '../i18n/language.tsx'
import { layOut } from './layout.ts'
import type { Placed } from './layout.ts'
import { QueueLink } from './queues.tsx'

type Node = GraphReply['nodes'][number]
type Edge = GraphReply['edges'][number]

const NODE_WIDTH = 180
const NODE_HEIGHT = 28
const sizes = { nodeWidth: NODE_WIDTH, rowHeight: 38, columnGap: 54, top: 30 }
/** As many as there is room for; the whole name is in the title and in the table. */
const MOST_LETTERS = 23

/** Columns from left to right; what a node that is pointed at is connected with stands out. The table below says the same. */
export function GraphPicture({
  cluster,
  nodes,
  edges,
}: {
  readonly cluster: string
  readonly nodes: readonly Node[]
  readonly edges: readonly Edge[]
}): ReactNode {
  const { t } = useLanguage()
  const [active, setActive] = useState<string | null>(null)
  const { width, height, placed } = layOut(nodes, edges, sizes)
  const connected = active === null ? null : connectedWith(active, edges)
  const look = (isLit: boolean): string => (connected === null ? '' : isLit ? 'lit' : 'dim')
  const heads = new Map<number, string>()
  for (const { node, x } of placed.values()) if (!heads.has(x)) heads.set(x, t.graph.columns[node.kind])
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t.graph.heading}>
      <svg
        className="graph"
        role="group"
        aria-label={t.graph.heading}
        width={width + 2}
        height={height + 2}
        viewBox={`-1 -1 ${width + 2} ${height + 2}`}
      >
        {[...heads].map(([x, text]) => (
          <text key={x} x={x} y={14} className="head">
            {text}
          </text>
        ))}
        {edges.map((edge) => (
          <EdgePath
            key={`${edge.from} ${edge.to}`}
            edge={edge}
            from={placed.get(edge.from)}
            to={placed.get(edge.to)}
            look={look(connected?.edges.has(edge) === true)}
          />
        ))}
        {[...placed.values()].map(({ node, x, y }) => (
          <g
            key={node.id}
            transform={`translate(${x} ${y})`}
            className={`node ${node.kind} ${look(connected?.nodes.has(node.id) === true)}`}
            onMouseEnter={() => setActive(node.id)}
            onMouseLeave={() => setActive(null)}
            onFocus={() => setActive(node.id)}
            onBlur={() => setActive(null)}
          >
            <NodeLink cluster={cluster} node={node}>
              <title>{`${t.graph.kinds[node.kind]} ${node.name}`}</title>
              <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={6} />
              <text x={10} y={18}>
                {shortened(node.name)}
              </text>
            </NodeLink>
          </g>
        ))}
      </svg>
    </div>
  )
}

function EdgePath({
  edge,
  from,
  to,
  look,
}: {
  readonly edge: Edge
  readonly from: Placed<Node> | undefined
  readonly to: Placed<Node> | undefined
  readonly look: string
}): ReactNode {
  if (from === undefined || to === undefined) return null
  const [x1, y1] = [from.x + NODE_WIDTH, from.y + NODE_HEIGHT / 2]
  const [x2, y2] = [to.x, to.y + NODE_HEIGHT / 2]
  const middle = (x1 + x2) / 2
  return (
    <path className={`edge ${look}`} d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`}>
      <title>{`${from.node.name} → ${to.node.name}${edge.keys.length === 0 ? '' : `: ${edge.keys.join(', ')}`}`}</title>
    </path>
  )
}

/** A node by its name, or by what is within, with a way to what it is. */
export function NodeLink({
  cluster,
  node: { kind, name },
  children = name,
}: {
  readonly cluster: string
  readonly node: Pick<Node, 'kind' | 'name'>
  readonly children?: ReactNode
}): ReactNode {
  if (kind === 'queue')
    return (
      <QueueLink cluster={cluster} name={name}>
        {children}
      </QueueLink>
    )
  if (kind === 'subscription')
    return (
      <Link to="/subscriptions/$name" params={{ name }}>
        {children}
      </Link>
    )
  if (kind === 'entity')
    return (
      <Link to="/cluster/$cluster/graph" params={{ cluster }} search={{ entity: name }}>
        {children}
      </Link>
    )
  return children
}

function shortened(name: string): string {
  const letters = Array.from(name)
  return letters.length <= MOST_LETTERS ? name : `${letters.slice(0, MOST_LETTERS - 1).join('')}…`
}

/** What leads to a node, and where it leads. */
function connectedWith(
  id: string,
  edges: readonly Edge[],
): { readonly nodes: ReadonlySet<string>; readonly edges: ReadonlySet<Edge> } {
  const lit = new Set<Edge>()
  const walk = (start: string, near: 'from' | 'to', far: 'from' | 'to'): ReadonlySet<string> => {
    const seen = new Set([start])
    for (const each of seen)
      for (const edge of edges) {
        if (edge[near] !== each) continue
        lit.add(edge)
        seen.add(edge[far])
      }
    return seen
  }
  return { nodes: new Set([...walk(id, 'from', 'to'), ...walk(id, 'to', 'from')]), edges: lit }
}
