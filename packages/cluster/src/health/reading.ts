import type { Broker } from '../management/broker.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/** A node as `/nodes` tells of it; of one that is down hardly anything is known. */
export interface NodeReading {
  readonly name: string
  readonly isRunning: boolean
  readonly type: 'disc' | 'ram' | undefined
  readonly isInMaintenance: boolean
  readonly hasMemoryAlarm: boolean
  readonly hasDiskAlarm: boolean
  /** Nodes that it has lost and met again. */
  readonly partitions: readonly string[]
  readonly memory: Usage | undefined
  readonly disk: { readonly freeBytes: number; readonly limitBytes: number } | undefined
  readonly descriptors: Usage | undefined
  readonly sockets: Usage | undefined
  readonly processes: Usage | undefined
  readonly netTicktimeSeconds: number | undefined
}

export interface Usage {
  readonly used: number
  readonly limit: number
}

/** A health check that a node has failed. */
export interface FailedCheck {
  /** As in the path: `node-is-quorum-critical`. */
  readonly check: string
  readonly node: string
  readonly reason: string
}

export interface UserReading {
  readonly name: string
  readonly tags: readonly string[]
  readonly hasPassword: boolean
  /** True for the password that every new broker gives its first user. */
  readonly hasDefaultPassword: boolean
}

export interface QueueReading {
  readonly vhost: string
  readonly name: string
  readonly type: string
  readonly state: string | undefined
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly isExclusive: boolean
  /** Where it is, or its leader. */
  readonly node: string | undefined
  /** Of a quorum queue or a stream. */
  readonly members: readonly string[] | undefined
  readonly online: readonly string[] | undefined
  /** Of a mirrored queue: nodes with a copy beside the leader, and those of them that have all. */
  readonly mirrors: readonly string[]
  readonly synchronised: readonly string[]
  readonly effectivePolicy: Readonly<Record<string, unknown>>
  readonly messages: number
  /** Undefined while the queue has told nothing of itself. */
  readonly consumers: number | undefined
}

export interface LinkReading {
  readonly kind: 'federation link' | 'shovel'
  readonly vhost: string
  readonly name: string
  /** Undefined for a shovel. */
  readonly upstream: string | undefined
  /** What the tools on the nodes call a federation link. */
  readonly id: string | undefined
  readonly node: string | undefined
  /** `running` is the good one. */
  readonly state: string
  /** With the passwords of URLs masked. */
  readonly reason: string | undefined
}

export interface ConnectionReading {
  readonly name: string
  readonly user: string
  readonly state: string | undefined
}

/**
 * Why a part is missing. `refused`: to this user, or by the operator (401, 403, 405). `absent`: this version, or a plugin that
 * is not enabled, has no such thing (404). `failed`: no answer, or an error. `unreadable`: no API tells it.
 */
export interface NotRead {
  readonly part: string
  readonly kind: 'refused' | 'absent' | 'failed' | 'unreadable'
  readonly reason: string
}

/** A cluster as it is, as far as it could be read; what could not be is undefined here and told in `notRead`. */
export interface Reading {
  /** The management listener that answered last, without user and password. */
  readonly endpoint: string
  readonly broker: Broker
  readonly nodes: readonly NodeReading[] | undefined
  readonly failedChecks: readonly FailedCheck[]
  /** `ignore`, `pause_minority`, `autoheal`; has no meaning with Khepri. */
  readonly partitionHandling: string | undefined
  readonly deprecatedFeaturesUsed: readonly string[] | undefined
  readonly users: readonly UserReading[] | undefined
  /** Whether somebody tried to log in as guest, and could. */
  readonly doesGuestLogIn: boolean | undefined
  readonly queues: readonly QueueReading[] | undefined
  readonly connections: readonly ConnectionReading[] | undefined
  readonly links: readonly LinkReading[]
  /** The definitions, for what follows from policies and arguments. */
  readonly snapshot: Snapshot | undefined
  readonly notRead: readonly NotRead[]
}
