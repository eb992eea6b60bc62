import { WarrenError } from '../errors.ts'
import type { CompensationMode, CompensationSettings } from '../store/contract/compensation.ts'
import type { BreakerOptions } from './breaker.ts'
import type { BackfillLimits } from './backfill-decisions.ts'
import type { BudgetOptions } from './budget.ts'
import type { BrokerWatch } from './watch.ts'

export interface ReconcileOptions {
  /** Default `auto`. */
  readonly compensation?: CompensationMode
  /** How often each subscription is asked what it has received. Default 30 s. */
  readonly intervalMs?: number
  /** Events younger than this are left for the next time. Default 2 s. */
  readonly graceMs?: number
  /** By how much the clocks of two services may differ. Default 5 s. */
  readonly clockToleranceMs?: number
  /** A barrier that was not answered for so long is sent again; then after ever longer pauses. Default 60 s. */
  readonly barrierTimeoutMs?: number
  /** How often a subscription announces itself. Default 20 s. */
  readonly announceMs?: number
  /** How often an instance says what it has settled, for barriers that reach another one. Default 5 s. */
  readonly reportMs?: number
  /** Asked even when nothing was published, to see that it lives and that the proof is young. Default 60 s. */
  readonly idleMs?: number
  /** How long a dead reconciler's work stays undone. Default 15 s. */
  readonly leaseMs?: number
  /** Resends: default at most 10 % of the live rate, but 20 a second in any case. */
  readonly budget?: Partial<BudgetOptions>
  /**
   * Resends stop when more than 20 % of what was compared seem missing (and 100 events or more), or when no barrier was answered for 2
   * minutes.
   */
  readonly breaker?: Partial<BreakerOptions>
  /** Resends of one event. Default 5. */
  readonly maxAttempts?: number
  /** Until an event may be resent once more: so much, and up to so much again at random, doubled each time. Default 10 s. */
  readonly backoffMs?: number
  /** Default 10 minutes. */
  readonly maxBackoffMs?: number
  /**
   * Looks at the broker before each round, so that missing events have a cause with its evidence, and bindings that are gone are
   * shown and declared again: `brokerWatch()` of `@warren/cluster/watch`. Default: nobody looks.
   */
  readonly watch?: BrokerWatch
  /**
   * Backfills: default 200 events a second, and none while more than 100 messages are ready in the subscription's queue or an event has
   * waited for a second for its first sending.
   */
  readonly backfill?: Partial<BackfillLimits>
}

export interface ReconcileSettings extends Required<
  Omit<ReconcileOptions, 'budget' | 'breaker' | 'backfill' | 'watch'>
> {
  readonly watch: BrokerWatch | null
  readonly budget: BudgetOptions
  readonly breaker: BreakerOptions
  readonly backfill: BackfillLimits
}

const modes: readonly unknown[] = ['auto', 'report', 'off'] satisfies readonly CompensationMode[]

/** Fills in the defaults. Throws CONFIG_INVALID. */
export function reconcileSettings(options: ReconcileOptions = {}): ReconcileSettings {
  const defined = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  for (const [option, value] of Object.entries(defined)) check(option, value)
  return {
    compensation: 'auto',
    intervalMs: 30_000,
    graceMs: 2_000,
    clockToleranceMs: 5_000,
    barrierTimeoutMs: 60_000,
    announceMs: 20_000,
    reportMs: 5_000,
    idleMs: 60_000,
    leaseMs: 15_000,
    maxAttempts: 5,
    backoffMs: 10_000,
    maxBackoffMs: 600_000,
    watch: null,
    ...defined,
    budget: { share: 0.1, minPerSecond: 20, ...options.budget },
    breaker: { maxMissingShare: 0.2, minMissing: 100, maxUnansweredMs: 120_000, ...options.breaker },
    backfill: { perSecond: 200, maxReady: 100, maxUnsentMs: 1_000, ...options.backfill },
  }
}

/** Of these, what a person may set while the service runs. */
export function compensationSettings({ compensation, budget, breaker }: ReconcileSettings): CompensationSettings {
  return { mode: compensation, ...budget, ...breaker }
}

function check(option: string, value: unknown): void {
  if (option === 'compensation' && !modes.includes(value)) throw invalid(option, value, modes.join(', '))
  if (typeof value === 'number' && !(Number.isFinite(value) && value >= 0))
    throw invalid(option, value, 'a number from 0')
  if (option !== 'watch' && typeof value === 'object' && value !== null)
    for (const [inner, number] of Object.entries(value)) check(`${option}.${inner}`, number)
}

function invalid(option: string, value: unknown, expected: string): WarrenError {
  return new WarrenError('CONFIG_INVALID', `reconcile.${option} is ${String(value)}; it can be ${expected}`, {
    option,
    value,
  })
}
