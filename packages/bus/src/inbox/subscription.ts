import type { EventEnvelope } from '../envelope/event.ts'
import { WarrenError } from '../errors.ts'
import { retryPolicy } from './retry-policy.ts'
import type { RetryOptions, RetryPolicy } from './retry-policy.ts'
import type { Since } from './since.ts'

/** What a handler gets beside the event. */
export interface HandlerContext<Tx> {
  /**
   * The transaction that also holds the inbox row: what is written through it takes effect once, with the receipt.
   * Dead after the handler has settled (TRANSACTION_CLOSED).
   */
  readonly tx: Tx
  /** Aborted when the handler's deadline passes. */
  readonly signal: AbortSignal
  /** 1 for the first time, 2 for the first retry, … */
  readonly attempt: number
  readonly subscription: string
}

export type AnyEvent = EventEnvelope & { readonly name: string; readonly data: unknown }

export type Handler<Event, Context> = (event: Event, context: Context) => Promise<void> | void

export interface SubscriptionOptions {
  /**
   * True (default): the receipt is recorded in the store with the handler's effects: each event is handled once, failures
   * are retried from the store. False: no store is touched; the handler runs at least once, failures go back to the broker
   * until its delivery limit, then into the dead letter queue.
   */
  readonly inbox?: boolean
  /**
   * Deliveries in hand at most. Default 500: measured 2.3 times as fast as 100 from a quorum queue. A process that dies
   * returns them all, and each return counts towards the delivery limit.
   */
  readonly prefetch?: number
  /** Transactions at a time. Default 4 (SQLite has one writer and so runs them one after another). */
  readonly concurrency?: number
  /** Messages that share one transaction at most, each behind a savepoint. Default 50; what is there is taken, nothing waits for more. */
  readonly batchSize?: number
  /** A batch commits early when it has run this long. Default 1 s. */
  readonly maxBatchMs?: number
  /** The handler's deadline. Default 30 s, at most 15 minutes: half of the broker's own limit on unacknowledged deliveries. */
  readonly timeoutMs?: number
  readonly retry?: RetryOptions
  /**
   * How often a message that came back after a crash is started before it is parked: once with others that came back, then
   * alone. Default 3, at least 2: alone once, or its neighbours would be blamed. When it came first is not counted, so that
   * it is started four times in all.
   */
  readonly maxStarts?: number
  /**
   * True: events of one entity are handled in the order in which they were committed, and one that fails holds up those behind it.
   * Needs an inbox, and entities that the catalog declares as ordered. Default false.
   */
  readonly ordered?: boolean
  /** The queue's delivery limit; with an inbox only crashes and outages count towards it. Default 20. */
  readonly deliveryLimit?: number
  /**
   * What was published before the subscription was there: events since this time, or of so many milliseconds. Each publisher sends
   * them when it hears of the subscription for the first time, oldest first, beside live events. Needs an inbox. Default: none.
   */
  readonly since?: Date | number
}

export interface Subscription {
  readonly name: string
  readonly patterns: readonly string[]
  readonly inbox: boolean
  readonly prefetch: number
  readonly concurrency: number
  readonly batchSize: number
  readonly maxBatchMs: number
  readonly timeoutMs: number
  readonly retry: RetryPolicy
  readonly maxStarts: number
  readonly ordered: boolean
  readonly deliveryLimit: number
  readonly since: Since | null
}

const MAX_TIMEOUT_MS = 15 * 60_000

/** Checks a subscription and fills in the defaults. Throws SUBSCRIPTION_INVALID, CONFIG_INVALID. */
export function subscription(name: string, patterns: readonly string[], options: SubscriptionOptions): Subscription {
  // The queue's name, with its prefix and `.dead`, must fit into 255 bytes.
  if (!/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(name) || name.length > 200) {
    throw new WarrenError(
      'SUBSCRIPTION_INVALID',
      `"${name}" is not a subscription name: words of letters, digits, "-" and "_", joined by dots, at most 200 bytes`,
      { name },
    )
  }
  // `.dead` is its neighbour's dead letter queue, `warren.` a service's control queue.
  if (name.endsWith('.dead') || name.startsWith('warren.')) {
    throw new WarrenError(
      'SUBSCRIPTION_INVALID',
      `"${name}" names a queue of Warren's own: end not with ".dead" and begin not with "warren."`,
      { name },
    )
  }
  if (options.ordered === true && options.inbox === false) {
    throw new WarrenError('SUBSCRIPTION_INVALID', `"${name}" is ordered, and order is kept by an inbox: it needs one`, {
      name,
    })
  }
  if (patterns.length === 0) {
    throw new WarrenError('SUBSCRIPTION_INVALID', `the subscription "${name}" has no pattern`, { name })
  }
  const wholeFrom = (
    least: number,
    option: 'prefetch' | 'concurrency' | 'batchSize' | 'maxBatchMs' | 'timeoutMs' | 'maxStarts' | 'deliveryLimit',
    fallback: number,
  ): number => {
    const value = options[option] ?? fallback
    if (Number.isInteger(value) && value >= least) return value
    throw new WarrenError('CONFIG_INVALID', `${option} of "${name}" is a whole number from ${least}, not ${value}`, {
      name,
      option,
      value,
    })
  }
  const timeoutMs = wholeFrom(1, 'timeoutMs', 30_000)
  if (timeoutMs > MAX_TIMEOUT_MS) {
    throw new WarrenError(
      'CONFIG_INVALID',
      `timeoutMs of "${name}" is ${timeoutMs}, at most ${MAX_TIMEOUT_MS} is safe: the broker takes a delivery away after 30 minutes; hand long work to a queue of your own`,
      { name, timeoutMs },
    )
  }
  return {
    name,
    patterns,
    inbox: options.inbox ?? true,
    prefetch: Math.min(wholeFrom(1, 'prefetch', 500), 65_535),
    concurrency: wholeFrom(1, 'concurrency', 4),
    batchSize: wholeFrom(1, 'batchSize', 50),
    maxBatchMs: wholeFrom(1, 'maxBatchMs', 1_000),
    timeoutMs,
    retry: retryPolicy(options.retry),
    maxStarts: wholeFrom(2, 'maxStarts', 3),
    ordered: options.ordered ?? false,
    deliveryLimit: wholeFrom(1, 'deliveryLimit', 20),
    since: checkedSince(name, options),
  }
}

function checkedSince(name: string, { since, inbox }: SubscriptionOptions): Since | null {
  if (since === undefined) return null
  const isFine = typeof since === 'number' ? Number.isFinite(since) && since > 0 : !Number.isNaN(since.getTime())
  if (!isFine) {
    throw new WarrenError('CONFIG_INVALID', `since of "${name}" is a Date, or a number of milliseconds above 0`, {
      name,
      option: 'since',
    })
  }
  // Without receipts a backfill that is interrupted would have events handled twice.
  if (inbox === false)
    throw new WarrenError('CONFIG_INVALID', `since of "${name}" needs an inbox`, { name, option: 'since' })
  return since
}
