import type { Catalog, Logger } from '@warren/bus'
import type { NamedStore } from '@warren/bus/operate'
import type { ManagementOptions } from '@warren/cluster/management'
import type { AccessToken, RabbitmqLogin } from './access/login.ts'
import type { OidcLogin } from './access/oidc/options.ts'

/** A cluster whose nodes are looked at and acted on. */
export interface NamedCluster {
  readonly name: string
  readonly management: ManagementOptions
  /** Where the events are. Default `/`. */
  readonly vhost?: string
}

export interface MonitorOptions {
  /** Started by the caller, who stops them as well: of publishers and of subscribers, as many as are to be seen. */
  readonly stores: readonly NamedStore[]
  readonly clusters?: readonly NamedCluster[]
  /** The team's events. Default: what is seen in the stores. */
  readonly catalog?: Catalog
  readonly login?: {
    /** Tokens of programs, and the one that is printed at the first start. */
    readonly tokens?: readonly AccessToken[]
    /** Accounts of RabbitMQ: those of the cluster of this name. Default: of the first one; false: nobody logs in with one. */
    readonly rabbitmq?: RabbitmqLogin | string | false
    /** false: no token logs a person in, and none is made at the start. Those of programs count for their requests all the same. */
    readonly token?: false
    /** An OpenID provider whose people log in. */
    readonly oidc?: OidcLogin
    /** A session that nobody uses ends. Default 8 hours. */
    readonly idleMs?: number
    /** Every session ends. Default 24 hours. */
    readonly maxAgeMs?: number
  }
  /**
   * Values of payloads that nobody sees, by where they are: `['**.cardNumber', 'customer.email']`. They do not leave the
   * server.
   */
  readonly mask?: readonly string[]
  /** Where a trace is shown, with `{traceId}` in it: `https://jaeger.example/trace/{traceId}`. Default: its id stands there alone. */
  readonly traceUrl?: string
  /** Where people see the page, when a proxy in front gives it another name or TLS: `https://warren.example.com`. */
  readonly origin?: string
  /** Of which time deliveries are counted unless a reader asks otherwise. Default 7 days. */
  readonly periodMs?: number
  /** How often what is shown live is read again. Default 2 s. */
  readonly liveMs?: number
  readonly logger?: Logger
}
