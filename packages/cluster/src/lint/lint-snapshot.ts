import { simulatePolicies } from '../policies/effective.ts'
import { worldAfter } from '../policies/world.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Finding } from './finding.ts'
import { policyRules } from './policy-rules.ts'
import { queueRules } from './queue-rules.ts'

/** Looks at every vhost as it is, with no spec: rules about what a spec wants find nothing. Pure. */
export function lintSnapshot(snapshot: Snapshot): readonly Finding[] {
  return [...worldAfter(snapshot)].flatMap(([name, world]) => {
    const vhost = {
      name,
      spec: {},
      partitioned: [],
      world,
      policiesOf: simulatePolicies(world, snapshot.broker.version),
      broker: snapshot.broker,
    }
    return [...policyRules, ...queueRules].flatMap((rule) => [...rule(vhost)])
  })
}
