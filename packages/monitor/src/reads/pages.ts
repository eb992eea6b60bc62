import type { DepthReads } from '@warren/bus'
import { readStores } from '@warren/bus/operate'
import type { NamedStore, StoreRow } from '@warren/bus/operate'
import { z } from 'zod'
import { MonitorError } from '../errors.ts'

/** Of every list: where a page begins, and how long it is. */
export const pageQuery = {
  before: z.uuid().optional().meta({ description: 'the id of the last row of the page before' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
}

/** What is read of each store. */
export interface Page {
  readonly limit: number
  /** Not below this id. */
  readonly downTo?: string
}

export interface PageQuestion<Row> {
  readonly stores: readonly NamedStore[]
  readonly limit: number
  readonly read: (store: NamedStore['store'], page: Page) => Promise<readonly Row[]>
  readonly idOf: (row: Row) => string
  /** How far down each store is searched for what no index is for; null: to its end. Left out: there is an index. */
  readonly depthOf?: ((depths: DepthReads) => Promise<string | null>) | undefined
}

/**
 * One page of several stores' rows, newest first: each gives as many as the page is long, and what does not fit is read
 * again with the next. Rows of one id stay on one page. A search that does not go to the end may find less than a page, or
 * nothing, and has a next page all the same: whoever asks goes on there.
 *
 * The next page begins behind an id, in whatever stores answer then. So no row comes twice and the order stays; what a store that
 * was away holds of this page is on this page alone, when it is read again.
 */
export async function readPage<Row>({
  stores,
  limit,
  read,
  idOf,
  depthOf,
}: PageQuestion<Row>): Promise<{ readonly rows: readonly StoreRow<Row>[]; readonly next: string | null }> {
  const ends = new Set<string>()
  const all = await readStores(stores, async (store) => {
    const downTo = (await depthOf?.(store.depths)) ?? null
    const rows = await read(store, { limit: limit + 1, ...(downTo === null ? {} : { downTo }) })
    if (downTo !== null && rows.length <= limit) ends.add(downTo)
    return rows
  })
  const end = [...ends].sort().at(-1) ?? null
  const sorted = all
    // What is further down than another store was searched comes with the next page.
    .filter((row) => end === null || idOf(row) >= end)
    .toSorted((a, b) => (idOf(a) < idOf(b) ? 1 : idOf(a) > idOf(b) ? -1 : 0))
  const last = sorted[limit - 1]
  if (last === undefined || sorted[limit] === undefined) return { rows: sorted, next: end }
  const rows = sorted.filter((row, index) => index < limit || idOf(row) === idOf(last))
  return { rows, next: rows.length === sorted.length ? end : idOf(last) }
}

/** Of all, those of one label. Throws NOT_FOUND. */
export function chosenStores(stores: readonly NamedStore[], label: string | undefined): readonly NamedStore[] {
  if (label === undefined) return stores
  const chosen = stores.filter((each) => each.label === label)
  if (chosen.length === 0) throw new MonitorError('NOT_FOUND', 404, `there is no store "${label}"`)
  return chosen
}

export const time = z.iso.datetime()

/** Of a query. Not whatever Date takes for one: it reads `' or '1'='1` as a day of 2001. */
export const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], 'a time in ISO 8601, as 2026-11-27T09:00:00Z')
  .transform((text) => new Date(text))

export function iso(date: Date | null): string | null {
  return date?.toISOString() ?? null
}
