/** Large clusters take their time to write their definitions down. */
export const DEFINITIONS_TIMEOUT_MS = 120_000

/** `GET /definitions`, as far as this package reads it. Newer brokers add fields; none that is not here is relied upon. */
export interface Definitions {
  readonly users: readonly DefinedUser[]
  readonly vhosts: readonly { readonly name: string }[]
  readonly permissions: readonly DefinedPermission[]
  readonly topic_permissions: readonly DefinedTopicPermission[]
  readonly parameters: readonly DefinedParameter[]
  readonly global_parameters: readonly { readonly name: string; readonly value: unknown }[]
  readonly policies: readonly DefinedPolicy[]
  readonly queues: readonly DefinedQueue[]
  readonly exchanges: readonly DefinedExchange[]
  readonly bindings: readonly DefinedBinding[]
}

export interface DefinedUser {
  readonly name: string
  readonly password_hash: string
  readonly hashing_algorithm?: string
  /** A comma-separated text on older brokers. */
  readonly tags: readonly string[] | string
  readonly limits?: Readonly<Record<string, number>>
}

export interface DefinedPermission {
  readonly user: string
  readonly vhost: string
  readonly configure: string
  readonly write: string
  readonly read: string
}

export interface DefinedTopicPermission {
  readonly user: string
  readonly vhost: string
  readonly exchange: string
  readonly write: string
  readonly read: string
}

export interface DefinedParameter {
  readonly vhost: string
  readonly component: string
  readonly name: string
  readonly value: unknown
}

export interface DefinedPolicy {
  readonly vhost: string
  readonly name: string
  readonly pattern: string
  readonly definition: Readonly<Record<string, unknown>>
  readonly priority: number
  readonly 'apply-to': string
}

export type Arguments = Readonly<Record<string, unknown>>

export interface DefinedQueue {
  readonly vhost: string
  readonly name: string
  readonly durable: boolean
  readonly auto_delete: boolean
  readonly arguments: Arguments
}

export interface DefinedExchange {
  readonly vhost: string
  readonly name: string
  readonly type: string
  readonly durable: boolean
  readonly auto_delete: boolean
  /** Exports of 4.3 leave it out, and with it every exchange that is internal. */
  readonly internal?: boolean
  readonly arguments: Arguments
}

export interface DefinedBinding {
  readonly vhost: string
  readonly source: string
  readonly destination: string
  readonly destination_type: 'queue' | 'exchange'
  readonly routing_key: string
  readonly arguments: Arguments
}
