import { ClusterError } from '../../errors.ts'

/**
 * The sides that a partition parts a cluster into: those given, and the nodes that none of them names as one more. So
 * `[['n3']]` cuts n3 off, and `[['n1','n2'],['n3']]` of five nodes leaves n4 and n5 together. Throws CLUSTER_INVALID when
 * a node is on two sides or all are on one, NODE_UNKNOWN.
 */
export function sidesOf(nodes: readonly string[], given: readonly (readonly string[])[]): string[][] {
  const named = given.flat()
  const unknown = named.find((node) => !nodes.includes(node))
  if (unknown !== undefined) {
    throw new ClusterError('NODE_UNKNOWN', `there is no node "${unknown}"; there are ${nodes.join(', ')}`, {
      node: unknown,
    })
  }
  const twice = named.find((node, index) => named.indexOf(node) !== index)
  if (twice !== undefined) {
    throw new ClusterError('CLUSTER_INVALID', `node ${twice} cannot be on two sides of a partition`, { node: twice })
  }
  const rest = nodes.filter((node) => !named.includes(node))
  const sides = [...given.map((side) => [...side]), rest].filter((side) => side.length > 0)
  if (sides.length < 2) {
    throw new ClusterError(
      'CLUSTER_INVALID',
      `a partition needs two sides, and ${named.join(', ') || 'nothing'} of ${nodes.join(', ')} is one`,
    )
  }
  return sides
}

/** Every ordered pair of nodes that are on different sides. */
export function partedPairs(sides: readonly (readonly string[])[]): (readonly [from: string, to: string])[] {
  return sides.flatMap((side) =>
    sides
      .filter((other) => other !== side)
      .flatMap((other) => side.flatMap((from) => other.map((to) => [from, to] as const))),
  )
}

/** The sides that these pairs part the nodes into, in the order of the nodes; one side when nothing is parted. */
export function sidesFrom(
  nodes: readonly string[],
  pairs: readonly (readonly [from: string, to: string])[],
): string[][] {
  const isParted = (a: string, b: string): boolean =>
    pairs.some(([from, to]) => (from === a && to === b) || (from === b && to === a))
  const sides: string[][] = []
  for (const node of nodes) {
    const side = sides.find((members) => members.every((member) => !isParted(member, node)))
    if (side) side.push(node)
    else sides.push([node])
  }
  return sides
}
