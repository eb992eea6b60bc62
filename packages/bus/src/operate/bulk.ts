import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { isWarrenError } from '../errors.ts'
import type { BulkAction, FailureAction } from '../store/contract/bulk.ts'
import type { FailureFilter, Store } from '../store/store.ts'
import type { NamedStore } from './named-store.ts'

/** Failures of one transaction: on SQLite 1,000 take a tenth of a second, in which nobody else writes. */
export const BULK_CHUNK = 1_000

const LEASE_GROUP = 'bulk-actions'
/** Outlasts a chunk. Where it does not, another process does the next chunk, and nothing is done twice. */
const LEASE_MS = 5_000
const LOOK_AGAIN_MS = 500
/** Of what is not the database being away, before it is given up. */
const MOST_ATTEMPTS = 5

export interface StartedBulk {
  readonly store: NamedStore
  readonly bulk: BulkAction
}

export interface ActedOnFailures {
  /** For how many it is done, in stores where they were no more than a chunk: in one transaction each. */
  readonly count: number
  /** What is to be run, in the other ones. */
  readonly begun: readonly StartedBulk[]
}

/** Acts on what the conditions choose, in all stores: at once where they are few, and where they are many it writes that down. */
export async function actOnFailures(
  stores: readonly NamedStore[],
  action: FailureAction,
  filter: FailureFilter,
  { actor, chunk = BULK_CHUNK }: { readonly actor: string; readonly chunk?: number },
): Promise<ActedOnFailures> {
  const outcomes = await Promise.all(
    stores.map(async (named): Promise<ActedOnFailures> => {
      const { store } = named
      const found = await store.bulk.count(action, filter, chunk + 1)
      if (found <= chunk) return { count: await store.failures[action](filter, actor), begun: [] }
      const bulk = await store.bulk.begin({ action, filter, requestedBy: actor })
      return { count: 0, begun: [{ store: named, bulk }] }
    }),
  )
  return {
    count: outcomes.reduce((sum, { count }) => sum + count, 0),
    begun: outcomes.flatMap(({ begun }) => begun),
  }
}

export interface RunBulkOptions {
  /** Ends it between two chunks: what is left can be gone on with. */
  readonly signal?: AbortSignal
  /** After each chunk, also those that another process does. */
  readonly onProgress?: (bulk: BulkAction) => void
  /** Of what is tried again, and of what ends it. */
  readonly onError?: (error: unknown) => void
  readonly chunk?: number
}

/**
 * Runs a bulk action until it does not run any more, and returns it; null when it is gone. While another process runs it, this one
 * waits, and goes on where that one dies. Waits as well while the database is away.
 */
export async function runBulk(
  store: Store,
  id: string,
  { signal, onProgress, onError, chunk = BULK_CHUNK }: RunBulkOptions = {},
): Promise<BulkAction | null> {
  const owner = randomUUID()
  let pace: number | null = null
  let failures = 0
  let last: BulkAction | null = null
  const wait = (ms: number): Promise<unknown> =>
    pause(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  try {
    while (signal?.aborted !== true) {
      try {
        const startedMs = performance.now()
        const isMine = (await store.leases.acquire(LEASE_GROUP, [id], owner, LEASE_MS)).length > 0
        const before = last?.done ?? null
        last = isMine ? await store.bulk.step(id, { limit: chunk, pace }) : await store.bulk.find(id)
        failures = 0
        if (last === null) return null
        onProgress?.(last)
        if (last.state !== 'running') return last
        if (!isMine) {
          await wait(LOOK_AGAIN_MS)
          continue
        }
        const tookMs = performance.now() - startedMs
        // Half as long as the chunk took: others want to write as well.
        await wait(Math.max(5, tookMs / 2))
        if (before !== null) pace = averaged(pace, (last.done - before) / ((performance.now() - startedMs) / 1_000))
      } catch (error) {
        onError?.(error)
        if (!store.isUnavailable(error) && ++failures >= MOST_ATTEMPTS) {
          await store.bulk.fail(id, reasonOf(error))
          return await store.bulk.find(id)
        }
        await wait(LOOK_AGAIN_MS)
      }
    }
    return last
  } finally {
    await store.leases.release(LEASE_GROUP, [id], owner).catch(() => undefined)
  }
}

function averaged(before: number | null, now: number): number {
  return before === null ? now : before * 0.7 + now * 0.3
}

/** Texts of the database may hold what a row holds: they are for logs. */
function reasonOf(error: unknown): string {
  return isWarrenError(error)
    ? `${error.code}: ${error.message}`
    : 'a chunk was refused again and again; the log says why'
}

/** The bulk action and the store that it is in; null when it is in none of them. */
export async function findBulk(stores: readonly NamedStore[], id: string): Promise<StartedBulk | null> {
  for (const store of stores) {
    const bulk = await store.store.bulk.find(id)
    if (bulk !== null) return { store, bulk }
  }
  return null
}
