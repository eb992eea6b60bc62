import { WarrenError } from '../errors.ts'
import { allowedPerSecond } from '../reconcile/budget.ts'
import { settingsInEffect } from '../reconcile/in-effect.ts'
import type { InEffect } from '../reconcile/in-effect.ts'
import type {
  BreakerOrder,
  CompensationChanges,
  CompensationOverride,
  CompensationRows,
  CompensationSettings,
} from '../store/contract/compensation.ts'
import type { NamedStore } from './named-store.ts'
import { publishingStores } from './publishing-stores.ts'

const MOST_SHARE = 100
const MOST_PER_SECOND = 100_000
const LEAST_PER_SECOND = 0.01
const MOST_MISSING = 1_000_000_000
const YEAR_MS = 366 * 86_400_000

export interface ResentCounts {
  readonly lastMinute: number
  readonly lastHour: number
}

/** What compensation works with, at one subscription of a publisher or where nothing is set for one. */
export interface SeenCompensation {
  /** Null: no process of the service has written down yet what its code says. */
  readonly inEffect: InEffect | null
  /** What is set there. */
  readonly override: CompensationOverride | null
  /** Resends per second that the budget allows now; null likewise. */
  readonly perSecond: number | null
  readonly resent: ResentCounts
}

/** What a publisher's reconciler works with, as it would decide now. */
export interface CompensationView {
  readonly rows: CompensationRows
  /** Of the subscription that takes most. */
  readonly livePerSecond: number
  readonly minute: ReadonlyMap<string, number>
  readonly hour: ReadonlyMap<string, number>
}

/** Of one subscription; null: of all for which nothing is set, with what was resent to anybody. */
export function seenCompensation(view: CompensationView, subscription: string | null): SeenCompensation {
  const { rows, livePerSecond, minute, hour } = view
  const inEffect = rows.code === null ? null : settingsInEffect(rows.code, rows, subscription)
  const resentOf = (counts: ReadonlyMap<string, number>): number =>
    subscription === null ? [...counts.values()].reduce((sum, each) => sum + each, 0) : (counts.get(subscription) ?? 0)
  return {
    inEffect,
    override: subscription === null ? rows.all : (rows.ones.get(subscription) ?? null),
    perSecond: inEffect === null ? null : allowedPerSecond(inEffect.settings, livePerSecond),
    resent: { lastMinute: resentOf(minute), lastHour: resentOf(hour) },
  }
}

/** Throws COMPENSATION_INVALID, with what can be set. */
export function checkCompensation(changes: CompensationChanges): void {
  const fail = (problem: string): never => {
    throw new WarrenError('COMPENSATION_INVALID', problem)
  }
  if (Object.keys(changes).length === 0) fail('nothing is said that could be set')
  const between = (name: keyof CompensationSettings, least: number, most: number, what: string): void => {
    const value = changes[name]
    if (typeof value === 'number' && !(value >= least && value <= most))
      fail(`${what} is from ${least} to ${most}, and not ${value}`)
  }
  between('share', 0, MOST_SHARE, 'the share of the live rate that resends may take')
  // With 0 nothing would be resent where nothing is published, and no breaker would say so.
  between('minPerSecond', LEAST_PER_SECOND, MOST_PER_SECOND, 'what resends may take a second in any case')
  between('maxMissingShare', 0, 1, 'the share of missing events that opens the breaker')
  between('minMissing', 0, MOST_MISSING, 'the count of missing events from which it may open')
  between('maxUnansweredMs', 1_000, YEAR_MS, 'for how many milliseconds a barrier may be unanswered')
}

/** The stores of publishers that know the subscription, or, for all (null), of all that publish. */
export async function compensatingStores(
  stores: readonly NamedStore[],
  subscription: string | null,
): Promise<readonly NamedStore[]> {
  if (subscription === null) return publishingStores(stores)
  const known = await Promise.all(
    stores.map(async ({ store }) =>
      (await store.reconciliation.registry.list()).some(({ name }) => name === subscription),
    ),
  )
  return stores.filter((_, index) => known[index])
}

/**
 * Sets this in the place of what the code of the publishers says, for one subscription or for all (null); a process that reconciles takes
 * it up within a second. `reset`: all is as the code says. Returns the labels of the stores that were changed. Throws COMPENSATION_INVALID.
 */
export async function changeCompensation(
  stores: readonly NamedStore[],
  subscription: string | null,
  changes: CompensationChanges | 'reset',
  actor: string,
): Promise<readonly string[]> {
  if (changes !== 'reset') checkCompensation(changes)
  const changed: string[] = []
  for (const { label, store } of await compensatingStores(stores, subscription)) {
    const { compensation } = store.reconciliation
    if (changes !== 'reset') await compensation.set(subscription, changes, actor)
    else if (!(await compensation.reset(subscription, actor))) continue
    changed.push(label)
  }
  return changed
}

export interface OrderedAt {
  readonly store: string
  /** Why nothing was to be done: it is so already, or the breaker is closed, or nobody holds it. */
  readonly kind: 'ordered' | 'is-so' | 'is-closed' | 'not-ordered'
}

/** Tells the breaker of a subscription, at each publisher that knows it; null ends what it was told. Empty: none knows it. */
export async function orderBreaker(
  stores: readonly NamedStore[],
  subscription: string,
  order: BreakerOrder | null,
  actor: string,
): Promise<readonly OrderedAt[]> {
  const outcomes: OrderedAt[] = []
  for (const { label, store } of stores) {
    const { proof, compensation } = store.reconciliation
    const [known] = await proof.list(subscription)
    if (known === undefined) continue
    const isOpen = known.breaker !== null || known.order?.order === 'hold'
    const kind =
      (order === 'close' || order === 'try') && !isOpen
        ? 'is-closed'
        : order === null && known.order === null
          ? 'not-ordered'
          : (await compensation.order(subscription, order, actor))
            ? 'ordered'
            : 'is-so'
    outcomes.push({ store: label, kind })
  }
  return outcomes
}
