/** One page of rows of several stores, the newest first. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  /** The id to go on from; null when nothing follows. */
  readonly next: string | null
}

/**
 * Cuts a page out of rows that were asked for with a limit of `limit + 1` in each store. Rows of one message stay
 * together, because the page after goes on behind an id: so a page may be longer than the limit.
 */
export function cutPage<Row>(rows: readonly Row[], idOf: (row: Row) => string, limit: number): Page<Row> {
  const sorted = [...rows].sort((a, b) => compare(idOf(b), idOf(a)))
  let length = Math.min(limit, sorted.length)
  const last = sorted[length - 1]
  if (last === undefined) return { rows: [], next: null }
  const lastId = idOf(last)
  for (let row = sorted[length]; row !== undefined && idOf(row) === lastId; row = sorted[length]) length++
  return { rows: sorted.slice(0, length), next: length < sorted.length ? lastId : null }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
