import type { HealthFinding } from './finding.ts'
import type { Reading } from './reading.ts'

/** What one concern finds in a reading. Pure. */
export type HealthRule = (reading: Reading) => Iterable<HealthFinding>

/** More than 80 % of what there is. */
export function isHigh({ used, limit }: { readonly used: number; readonly limit: number }): boolean {
  return used > 0.8 * limit
}

/** Groups by a key, in the order in which keys come up. */
export function grouped<T>(
  items: Iterable<T>,
  keyOf: (item: T) => string,
): readonly (readonly [string, readonly T[]])[] {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return [...groups]
}
