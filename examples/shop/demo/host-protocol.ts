import type { ReconcileOptions } from '@warren/bus'
import type { ServiceName } from '../services/services.ts'
import type { Sabotage } from './sabotage.ts'

/** What the demo gives a service, as JSON in the variable SHOP_HOST. */
export interface HostSetup {
  readonly name: ServiceName
  readonly storeUrl: string
  readonly endpoints: readonly string[]
  /** 0: a free one. */
  readonly port: number
  readonly failPercent: number
  /** How long a subscriber is held between its commit and its acknowledgement, whichever comes first. 0: not at all. */
  readonly holdMs: number
  readonly sabotage: Sabotage | null
  /** Asks and answers faster than the bus would by itself; the demo leaves that to the bus. */
  readonly reconcile?: ReconcileOptions
  /** The nodes' management API, with a user and a password in each URL: what the services see of the broker. */
  readonly management?: readonly string[]
  /** Takes orders many at a time. */
  readonly isBulk?: boolean
}

/** What a service tells the demo. */
export type FromHost =
  | { readonly kind: 'ready'; readonly url: string | null }
  /** It publishes over another connection from now on. */
  | { readonly kind: 'connected'; readonly link: Link }
  /** Something is committed and not acknowledged, or the other way round. */
  | { readonly kind: 'held'; readonly untilMs: number }
  /** Since the last time. */
  | { readonly kind: 'news'; readonly confirms: readonly Confirm[]; readonly failures: number }

/** An event that the broker took, by the clock of this machine. */
export interface Confirm {
  readonly createdAtMs: number
  readonly confirmedAtMs: number
}

export interface Link {
  /** Of the node's AMQP listener. */
  readonly port: number
  readonly atMs: number
}
