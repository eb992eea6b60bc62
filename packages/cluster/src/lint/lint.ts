import { simulatePolicies } from '../policies/effective.ts'
import type { World } from '../policies/world.ts'
import type { Compiled } from '../spec/compile.ts'
import { bindingRules } from './binding-rules.ts'
import type { Finding } from './finding.ts'
import { nodeFindings } from './node-rules.ts'
import { pluginRules } from './plugin-rules.ts'
import { policyRules } from './policy-rules.ts'
import { queueRules } from './queue-rules.ts'

const rules = [...policyRules, ...queueRules, ...bindingRules, ...pluginRules]

const rank: Readonly<Record<Finding['level'], number>> = { error: 0, warning: 1, note: 2 }

/** Looks at the vhosts of the spec in the world as it will be after the plan, and tells what a broker would take without a word. Pure. */
export function lintPlan(world: World, compiled: Compiled): readonly Finding[] {
  const findings: Finding[] = [...nodeFindings(compiled)]
  for (const [name, spec] of compiled.vhosts) {
    const here = world.get(name)
    if (here === undefined) continue
    const vhost = {
      name,
      spec,
      partitioned: compiled.partitionedIn(name),
      world: here,
      policiesOf: simulatePolicies(here, compiled.broker.version),
      broker: compiled.broker,
    }
    for (const rule of rules) findings.push(...rule(vhost))
  }
  return findings.toSorted((left, right) => rank[left.level] - rank[right.level])
}
