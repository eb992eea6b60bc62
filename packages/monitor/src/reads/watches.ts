import type { Logger } from '@warren/bus'
import { alarmsOf, phaseOf, readWatchContext, readWatches, WatchCounter } from '@warren/bus/operate'
import type {
  NamedStore,
  RaisedAlarm,
  StoredWatch,
  WatchCount,
  WatchedDeliveries,
  WatchPhase,
} from '@warren/bus/operate'
import { z } from 'zod'
import { time } from './pages.ts'
import { readAnswering } from './answering.ts'
import type { UnreachableStore } from './answering.ts'
import { Shared } from './shared.ts'

const phase = z.enum(['upcoming', 'running', 'over'] satisfies readonly WatchPhase[])
const kind = z.enum(['missing', 'parked', 'unhandled'] satisfies readonly RaisedAlarm['kind'][])

export const watchAlarm = z.object({
  maxMissing: z.number().nullable().meta({ description: 'alarm behind so many that are missing and not resent' }),
  maxParked: z.number().nullable(),
  maxUnhandledMs: z.number().nullable().meta({ description: 'alarm when one is not handled for so long' }),
})

const raised = z.object({
  kind,
  subscription: z.string(),
  value: z.number().meta({ description: 'how many; of "unhandled", for how many milliseconds' }),
})

const deliveries = z.object({
  subscription: z.string(),
  service: z.string(),
  source: z.enum(['inbox', 'proof']).meta({ description: 'proof: its own store is none of those that are looked at' }),
  expected: z.number().meta({ description: 'published for it' }),
  received: z.number(),
  handled: z.number().nullable(),
  waiting: z.number(),
  retrying: z.number().nullable(),
  parked: z.number().nullable(),
  discarded: z.number().nullable(),
  missing: z.number(),
  unresent: z.number().meta({ description: 'of the missing ones, those that nobody has resent' }),
  oldestUnhandledAt: time.nullable(),
})

const summary = z.object({
  name: z.string(),
  phase,
  from: time.nullable(),
  to: time.nullable(),
  compensation: z.enum(['auto', 'off']).nullable(),
  published: z.number().meta({ description: 'distinct events' }),
  sent: z.number(),
  missing: z.number().meta({ description: 'at all subscriptions' }),
  parked: z.number(),
  waiting: z.number(),
  counted: z.number().meta({ description: 'the part of the period that is counted by now, 0 to 1' }),
  alarms: z.array(raised),
})

/** A watch as the overview shows it. */
export const overviewWatch = summary
export type OverviewWatch = z.infer<typeof overviewWatch>

export const watchRow = summary.extend({
  patterns: z.array(z.string()),
  entityIds: z.array(z.string()),
  alarm: watchAlarm,
  stores: z.array(z.string()),
  createdBy: z.string(),
  createdAt: time,
  changedBy: z.string(),
  changedAt: time,
  isCut: z.boolean().meta({ description: 'there are more events of its entities than are counted' }),
  subscriptions: z.array(deliveries),
})
export type WatchRow = z.infer<typeof watchRow>
export type WatchDeliveriesRow = z.infer<typeof deliveries>

const MAX_AGE_MS = 1_500
/** For all watches together: what is not counted then is counted the next time. */
const BUDGET_MS = 1_000
const LEAST_BUDGET_MS = 20
/** Between two readings, as many times as long as one takes. */
const REST = 4
/** What is older is not shown while it is read anew. */
const MAX_STALE_MS = 300_000

/** As they were read last. */
export interface WatchReading {
  readonly rows: readonly WatchRow[]
  /** Whose events and deliveries are not counted. */
  readonly unreachable: UnreachableStore[]
}

/** Watches with their counts, read once for all who look at them. */
export class WatchReader {
  readonly #stores: readonly NamedStore[]
  readonly #logger: Logger
  readonly #counter = new WatchCounter()
  readonly #shared = new Shared<WatchReading>(MAX_AGE_MS)
  #last: WatchReading = { rows: [], unreachable: [] }
  /** Null: it has not been read, or was changed since. */
  #lastRead: { readonly atMs: number; readonly tookMs: number } | null = null

  /** How often something was changed: what was read before that is not the answer behind it. */
  #changes = 0

  constructor(stores: readonly NamedStore[], logger: Logger) {
    this.#stores = stores
    this.#logger = logger
  }

  /**
   * Of the stores that answer. What was read last is the answer while it is read anew, which with a million failures takes a second;
   * and it is not read anew before four times as long as that has passed.
   */
  read(): Promise<WatchReading> {
    const ageMs = this.#lastRead === null ? Infinity : performance.now() - this.#lastRead.atMs
    if (ageMs < REST * (this.#lastRead?.tookMs ?? 0)) return Promise.resolve(this.#last)
    const reading = this.#shared.get('', () => this.#read())
    if (ageMs > MAX_STALE_MS) return reading
    reading.catch((error: unknown) => this.#logger.warn({ error }, 'watches could not be counted'))
    return Promise.resolve(this.#last)
  }

  /** Something about them was changed. */
  forget(): void {
    this.#changes++
    this.#lastRead = null
    this.#shared.forget()
  }

  async #read(): Promise<WatchReading> {
    const changes = this.#changes
    let beganMs = 0
    const { value: rows, unreachable } = await readAnswering(this.#stores, (answering) => {
      // Anew where a store is away: how long that takes to show says nothing of what counting costs.
      beganMs = performance.now()
      return this.#count(answering)
    })
    this.#last = { rows, unreachable }
    const atMs = performance.now()
    if (changes === this.#changes) this.#lastRead = { atMs, tookMs: atMs - beganMs }
    return this.#last
  }

  async #count(stores: readonly NamedStore[]): Promise<readonly WatchRow[]> {
    const watches = await readWatches(stores)
    if (watches.length === 0) return []
    const nowMs = Date.now()
    const context = await readWatchContext(stores, nowMs)
    const untilMs = performance.now() + BUDGET_MS
    const rows: WatchRow[] = []
    for (const [index, watch] of watches.entries()) {
      const shareMs = (untilMs - performance.now()) / (watches.length - index)
      const count = await this.#counter.count(watch, context, Math.max(LEAST_BUDGET_MS, shareMs))
      rows.push(rowOf(watch, count, nowMs))
    }
    return rows
  }
}

export function overviewWatchOf(row: WatchRow): OverviewWatch {
  return overviewWatch.parse(row)
}

function rowOf(watch: StoredWatch, count: WatchCount, nowMs: number): WatchRow {
  const iso = (timeMs: number | null): string | null => (timeMs === null ? null : new Date(timeMs).toISOString())
  const sum = (of: (each: WatchedDeliveries) => number | null): number =>
    count.subscriptions.reduce((total, each) => total + (of(each) ?? 0), 0)
  const { name, patterns, entityIds, alarm, compensation, createdBy, changedBy } = watch
  return {
    ...{ name, phase: phaseOf(watch, nowMs), from: iso(watch.fromMs), to: iso(watch.toMs), compensation },
    ...{ patterns: [...patterns], entityIds: [...entityIds], alarm, stores: [...watch.stores], createdBy, changedBy },
    createdAt: new Date(watch.createdMs).toISOString(),
    changedAt: new Date(watch.changedMs).toISOString(),
    ...{ published: count.published, sent: count.sent, counted: count.counted, isCut: count.isCut },
    missing: sum((each) => each.missing),
    parked: sum((each) => each.parked),
    waiting: sum((each) => each.waiting),
    alarms: [...alarmsOf(watch, count, nowMs)],
    subscriptions: count.subscriptions.map(({ oldestUnhandledMs, ...each }) => ({
      ...each,
      oldestUnhandledAt: iso(oldestUnhandledMs),
    })),
  }
}
