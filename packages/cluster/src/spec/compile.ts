import type { Broker } from '../management/broker.ts'
import type { PolicySpec } from '../resources/policy.ts'
import { type PartitionedQueue, partitionedQueues, withPartitions } from './partitions.ts'
import { fetchPassword, type SecretSources, type UserPassword } from './password.ts'
import { mirroringPolicies, type QueueIntent, queueIntents } from './replication.ts'
import type { Spec, VhostSpec } from './spec.ts'

export type { VhostSpec } from './spec.ts'

/** A spec made ready for one broker: intents resolved, passwords at hand. */
export interface Compiled {
  readonly spec: Spec
  readonly broker: Broker
  /** With partitioned queues as the exchanges, queues and bindings that they are. */
  readonly vhosts: readonly (readonly [name: string, spec: VhostSpec])[]
  readonly passwords: ReadonlyMap<string, UserPassword>
  /** The queues of a vhost that are partitioned. */
  readonly partitionedIn: (vhost: string) => readonly PartitionedQueue[]
  /** What `replication` says about a queue; undefined when nothing matches. */
  readonly intentOf: (vhost: string, queue: string) => QueueIntent | undefined
  /** The policies that `replication` is on this broker. */
  readonly mirroringOf: (vhost: string) => Readonly<Record<string, PolicySpec>>
}

/** Fetches the passwords of a spec. Throws SPEC_SECRET_MISSING. */
export async function fetchPasswords(spec: Spec, sources: SecretSources): Promise<ReadonlyMap<string, UserPassword>> {
  const passwords = new Map<string, UserPassword>()
  for (const [user, { password }] of Object.entries(spec.users ?? {})) {
    if (password !== undefined) passwords.set(user, await fetchPassword(user, password, sources))
  }
  return passwords
}

/** Pure. */
export function compile(spec: Spec, broker: Broker, passwords: ReadonlyMap<string, UserPassword>): Compiled {
  const given = Object.entries(spec.vhosts ?? {})
  const vhosts = given.map(([name, vhost]) => [name, withPartitions(vhost)] as const)
  const partitioned = new Map(given.map(([name, vhost]) => [name, partitionedQueues(vhost)]))
  const intents = new Map(vhosts.map(([name, { replication = {} }]) => [name, queueIntents(replication, broker)]))
  const mirroring = new Map(
    vhosts.map(([name, { replication = {} }]) => [name, mirroringPolicies(replication, broker)]),
  )
  return {
    spec,
    broker,
    vhosts,
    passwords,
    partitionedIn: (vhost) => partitioned.get(vhost) ?? [],
    intentOf: (vhost, queue) => intents.get(vhost)?.(queue),
    mirroringOf: (vhost) => mirroring.get(vhost) ?? {},
  }
}
