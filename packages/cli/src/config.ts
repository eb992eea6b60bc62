import type { BrokerNames, BusOptions, Catalog, RelayTuning, Retention, TlsOptions } from '@warren/bus'
import type { ManagementTls } from '@warren/cluster/management'
import type { MonitorOptions, OidcLogin } from '@warren/monitor'

/** A cluster that the page looks at and acts on. */
export interface MonitorCluster {
  /** URLs of its nodes' management listeners: `http://n1:15672`. Take URLs with a password from the environment. */
  readonly endpoints: readonly (string | undefined)[]
  /** Used for endpoints whose URL has none. Default: WARREN_MANAGEMENT_USER and WARREN_MANAGEMENT_PASSWORD. */
  readonly credentials?: { readonly username: string | undefined; readonly password: string | undefined }
  /** For `https://` endpoints: each text is PEM, or a PEM file relative to the configuration. */
  readonly tls?: ManagementTls
  /** Where the events are. Default: that of --vhost. */
  readonly vhost?: string
  /** How long a node may take to answer. Default 10,000. */
  readonly timeoutMs?: number
}

/** How people log in to the page. */
export interface MonitorLogin {
  /** An OpenID provider. Default: none. */
  readonly oidc?: OidcLogin
  /** The cluster whose accounts log in, by its name; false: nobody logs in with one. Default: the first cluster. */
  readonly rabbitmq?: string | false
  /** false: nobody logs in with a token, and none is made at the start. */
  readonly token?: false
}

/** What `warren.config.ts` tells the command about a service. Every part is optional; a command says which one it needs. */
export interface WarrenConfig {
  /** The service that `warren relay` publishes for. */
  readonly service?: string
  /** The team's events: `warren events` and `warren relay`. */
  readonly catalog?: Catalog
  /** Patterns by the name of the subscription, of every service that shares the catalog. */
  readonly subscriptions?: Readonly<Record<string, readonly string[]>>
  /**
   * Store URLs by a name of your choice: `sqlite:./orders.db` (relative to the configuration) or `postgres://…`.
   * Take URLs with a password from the environment.
   */
  readonly stores?: Readonly<Record<string, string | undefined>>
  /** `amqp://` or `amqps://` URLs of the cluster's nodes: `warren relay`. */
  readonly endpoints?: readonly (string | undefined)[]
  /** Used for endpoints whose URL has none. */
  readonly credentials?: NonNullable<BusOptions<Catalog, never>['credentials']>
  readonly tls?: TlsOptions
  /** Names on the broker, where a service has its own. */
  readonly names?: BrokerNames
  readonly relay?: RelayTuning
  /** With it a relay maintains its store, too: give it what the service gives its bus. Without it the service does. */
  readonly retention?: Partial<Retention>
  /** `warren monitor`. */
  readonly monitor?: Pick<MonitorOptions, 'mask' | 'traceUrl'> &
    Pick<NonNullable<MonitorOptions['login']>, 'tokens'> & {
      readonly login?: MonitorLogin
      /** By a name of your choice. */
      readonly clusters?: Readonly<Record<string, MonitorCluster>>
    }
}

/**
 * Types a configuration; returns it as it is.
 *
 * ```ts
 * export default defineConfig({
 *   service: 'orders',
 *   catalog: catalog(order, product),
 *   subscriptions: { 'order.crm': ['order.#'] },
 *   stores: { orders: process.env.DATABASE_URL, crm: 'sqlite:./crm.db' },
 * })
 * ```
 */
export function defineConfig(config: WarrenConfig): WarrenConfig {
  return config
}
