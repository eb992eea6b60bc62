import { randomInt } from 'node:crypto'
import { ClusterError } from '../../errors.ts'

/** A /24 by its first three numbers: `198.18.5`. The hosts are `.1`, `.2` and so on. */
export type Subnet = string

/** The router between the hosts, and this machine as the hosts see it. */
export const ROUTER = 254
export const MACHINE = 253

export function addressIn(subnet: Subnet, number: number): string {
  return `${subnet}.${number}`
}

// 198.18.0.0/15 is set aside for tests of networks (RFC 2544): no office and no home has it, unlike 10.0.0.0/8 and its like.
const FIRST = 18
const BLOCKS = 2 * 256

/** Subnets of 198.18.0.0/15 that overlap with no prefix in `taken` (`10.0.0.0/8`, `192.0.2.7`), beginning anywhere. */
export function freeSubnets(taken: readonly string[], start: number = randomInt(BLOCKS)): Subnet[] {
  const ranges = taken.map(rangeOf).filter((range) => range !== undefined)
  return Array.from({ length: BLOCKS }, (_, index) => (start + index) % BLOCKS)
    .map((block): Subnet => `198.${FIRST + (block >> 8)}.${block & 255}`)
    .filter((subnet) => {
      const [first, last] = rangeOf(`${subnet}.0/24`) ?? [0, 0]
      return !ranges.some(([from, to]) => from <= last && first <= to)
    })
}

/** The first and the last address of a prefix as numbers; undefined for what is not IPv4, such as `default`. */
function rangeOf(prefix: string): readonly [first: number, last: number] | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(prefix)
  if (!match) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1, 5).map(Number)
  const size = 2 ** (32 - Number(match[5] ?? 32))
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  const first = address - (address % size)
  return [first, first + size - 1]
}

export function noSubnet(): ClusterError {
  return new ClusterError(
    'ADDRESSES_EXHAUSTED',
    'every part of 198.18.0.0/15 has a route already ("ip route show table all"); end clusters that are not needed ("warren cluster down --all")',
  )
}

export function takenSubnet(subnet: Subnet): ClusterError {
  return new ClusterError(
    'ADDRESSES_EXHAUSTED',
    `something else has a route to ${subnet}.0/24, where the nodes of this cluster are ("ip route show table all"); end that first`,
  )
}
