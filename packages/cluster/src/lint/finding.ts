import type { PartitionedQueue } from '../spec/partitions.ts'
import type { VhostSpec } from '../spec/spec.ts'
import type { Broker } from '../management/broker.ts'
import type { PolicySimulation } from '../policies/effective.ts'
import type { VhostWorld } from '../policies/world.ts'

/** Something that a broker takes without a word and that is hardly meant; an `error` is what it will not take. */
export interface Finding {
  readonly level: 'error' | 'warning' | 'note'
  readonly rule: string
  readonly vhost: string | undefined
  /** Of what it is about: `policy`, and `ha`. */
  readonly kind: string
  readonly name: string
  /** The same for people: `policy "ha" in vhost "shop"`. */
  readonly label: string
  readonly message: string
  /** The exchange that is missing, of `dead-letter-exchange-missing`. */
  readonly exchange?: string
}

/** What a rule looks at: one vhost of the spec, as it will be. */
export interface LintedVhost {
  readonly name: string
  readonly spec: VhostSpec
  readonly partitioned: readonly PartitionedQueue[]
  readonly world: VhostWorld
  readonly policiesOf: PolicySimulation
  readonly broker: Broker
}

export type Rule = (vhost: LintedVhost) => Iterable<Finding>

/** A function that makes the findings of one rule. */
export function findingsOf(
  rule: string,
  level: Finding['level'],
  kind: string,
): (vhost: string, name: string, message: string) => Finding {
  return (vhost, name, message) => ({
    level,
    rule,
    vhost,
    kind,
    name,
    label: `${kind} "${name}" in vhost "${vhost}"`,
    message,
  })
}
