import type { BrokerNames } from './amqp/names.ts'
import type { TlsOptions } from './amqp/tls.ts'
import type { Catalog } from './catalog/catalog.ts'
import { WarrenError } from './errors.ts'
import type { Logger } from './logger.ts'
import type { Retention, Sql, Store } from './store/store.ts'
import type { ReconcileOptions } from './reconcile/settings.ts'
import type { Telemetry } from './telemetry.ts'

export interface BusOptions<C extends Catalog, Tx extends Sql> {
  /** The service's name: on every message it publishes, and on its connections in the management page. */
  readonly service: string
  readonly catalog: C
  /**
   * Needed to publish, and for every subscription that does not say `inbox: false`. start() and stop() of the bus start and
   * stop it.
   */
  readonly store?: Store<Tx>
  /**
   * Called by start() when the store is ready and before anything is sent or received: the place to make the service's own
   * tables. Every instance calls it, at every start. start() waits for it and rejects with what it throws.
   */
  readonly prepare?: (store: Store<Tx>) => Promise<unknown>
  /** `amqp://` or `amqps://` URLs of the cluster's nodes; tried in random order, the next one when one fails. */
  readonly endpoints: readonly string[]
  /** Used for endpoints whose URL has none. */
  readonly credentials?: { readonly username: string; readonly password: string }
  readonly tls?: TlsOptions
  /** Seconds between heartbeats: two to three without one, and either side gives up. Default 10; a frozen node is noticed sooner. */
  readonly heartbeatS?: number
  /** Names on the broker. Default: `brokerNames()`, as in docs/configuration.md. */
  readonly names?: BrokerNames
  /**
   * False: another process runs the relay (`warren relay`, or a bus of the same service and store). Default true, when
   * there is a store.
   */
  readonly relay?: boolean | RelayTuning
  /**
   * Asks every subscription regularly what it has received of this service's events, and resends what is missing; and answers
   * others who ask. Default: with the defaults of ReconcileOptions, when there is a store. False: neither.
   */
  readonly reconcile?: boolean | ReconcileOptions
  /** Largest JSON body in bytes. Default 1 MiB. */
  readonly maxBodyBytes?: number
  /** What the store keeps. Default 30 days each. False: another process maintains the store. */
  readonly retention?: Partial<Retention> | false
  readonly logger?: Logger
  /** Default: none. `openTelemetry()` of `@warren/bus/opentelemetry` is the one to use. */
  readonly telemetry?: Telemetry
}

export interface RelayTuning {
  /** Unconfirmed messages at a time. Default 1,000. */
  readonly window?: number
  /** Longest wait for a confirm before the event counts as unconfirmed. Default 10 s. */
  readonly confirmTimeoutMs?: number
  /** Longest pause between two looks into the store. Default 100 ms. */
  readonly idlePollMs?: number
  /** How long a dead relay's share stays with it. Default 6 s. */
  readonly leaseMs?: number
}

/** Throws CONFIG_INVALID: a lease of 0 ms or a window of NaN would wait for ever without a word. */
export function checkNumbers(
  options: Pick<BusOptions<Catalog, Sql>, 'service' | 'relay' | 'reconcile' | 'maxBodyBytes' | 'heartbeatS'>,
  retention: Retention,
): void {
  if (options.service === '') throw new WarrenError('CONFIG_INVALID', 'a bus needs the name of its service')
  const tuning = typeof options.relay === 'object' ? options.relay : {}
  const backfill = (typeof options.reconcile === 'object' ? options.reconcile.backfill : undefined) ?? {}
  const rules: readonly [name: string, value: number | undefined, least: number][] = [
    ['retention.outboxDays', retention.outboxDays, 1],
    ['retention.inboxDays', retention.inboxDays, 1],
    ['maxBodyBytes', options.maxBodyBytes, 1],
    ['heartbeatS', options.heartbeatS, 1],
    ['relay.window', tuning.window, 1],
    ['relay.confirmTimeoutMs', tuning.confirmTimeoutMs, 100],
    ['relay.idlePollMs', tuning.idlePollMs, 1],
    ['relay.leaseMs', tuning.leaseMs, 300],
    ['reconcile.backfill.perSecond', backfill.perSecond, 0.001],
    ['reconcile.backfill.maxReady', backfill.maxReady, 0],
    ['reconcile.backfill.maxUnsentMs', backfill.maxUnsentMs, 0],
  ]
  for (const [name, value, least] of rules) {
    if (value === undefined || value >= least) continue
    throw new WarrenError('CONFIG_INVALID', `${name} is ${value}, it must be ${least} or more`, { option: name, value })
  }
}
