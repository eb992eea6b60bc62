/** What is drawn: nodes in columns, edges between them. */
export interface Placed<Node> {
  readonly node: Node
  readonly x: number
  readonly y: number
}

export interface Layout<Node> {
  readonly width: number
  readonly height: number
  readonly placed: ReadonlyMap<string, Placed<Node>>
}

export interface LayoutSizes {
  readonly nodeWidth: number
  readonly rowHeight: number
  readonly columnGap: number
  readonly top: number
}

interface Node {
  readonly id: string
  readonly name: string
  readonly column: number
}

interface Edge {
  readonly from: string
  readonly to: string
}

/**
 * Puts nodes into columns from left to right: in each by where those stand that lead to them, so that few edges cross, and by name
 * where nothing does. Columns with nothing in them take no room. Pure.
 */
export function layOut<Each extends Node>(
  nodes: readonly Each[],
  edges: readonly Edge[],
  { nodeWidth, rowHeight, columnGap, top }: LayoutSizes,
): Layout<Each> {
  const sources = grouped(edges, ({ to }) => to)
  const columns = [...grouped(nodes, ({ column }) => column)].toSorted(([a], [b]) => a - b)
  const order = new Map<string, number>()
  const placed = new Map<string, Placed<Each>>()
  const most = Math.max(0, ...columns.map(([, each]) => each.length))
  for (const [index, [, each]] of columns.entries()) {
    const weightOf = ({ id }: Node): number => {
      const before = (sources.get(id) ?? []).map(({ from }) => order.get(from)).filter((at) => at !== undefined)
      return before.length === 0 ? Number.MAX_SAFE_INTEGER : before.reduce((sum, at) => sum + at, 0) / before.length
    }
    const sorted = each.toSorted((a, b) => weightOf(a) - weightOf(b) || (a.name < b.name ? -1 : 1))
    // Short columns stand in the middle of the longest.
    const offset = ((most - sorted.length) / 2) * rowHeight
    for (const [row, node] of sorted.entries()) {
      order.set(node.id, row + (most - sorted.length) / 2)
      placed.set(node.id, { node, x: index * (nodeWidth + columnGap), y: top + offset + row * rowHeight })
    }
  }
  return {
    width: Math.max(1, columns.length * (nodeWidth + columnGap) - columnGap),
    height: top + most * rowHeight,
    placed,
  }
}

function grouped<Key, Item>(items: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
