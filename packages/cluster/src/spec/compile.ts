import type { Broker } from '../management/broker.ts'
import type { PolicySpec } from '../resources/policy.ts'
import { fetchPassword, type SecretSources, type UserPassword } from './password.ts'
import { mirroringPolicies, type QueueIntent, queueIntents } from './replication.ts'
import type { Spec, VhostSpec } from './spec.ts'

export type { VhostSpec } from './spec.ts'

/** A spec made ready for one broker: intents resolved, passwords at hand. */
export interface Compiled {
  readonly spec: Spec
  readonly broker: Broker
  readonly vhosts: readonly (readonly [name: string, spec: VhostSpec])[]
  readonly passwords: ReadonlyMap<string, UserPassword>
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
  const vhosts = Object.entries(spec.vhosts ?? {})
  const intents = new Map(vhosts.map(([name, { replication = {} }]) => [name, queueIntents(replication, broker)]))
  const mirroring = new Map(
    vhosts.map(([name, { replication = {} }]) => [name, mirroringPolicies(replication, broker)]),
  )
  return {
    spec,
    broker,
    vhosts,
    passwords,
    intentOf: (vhost, queue) => intents.get(vhost)?.(queue),
    mirroringOf: (vhost) => mirroring.get(vhost) ?? {},
  }
}
