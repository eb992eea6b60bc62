import * as z from 'zod'
import { api } from '../management/path.ts'
import type { DefinedPolicy } from '../snapshot/definitions.ts'
import type { ResourceKind } from './kind.ts'
import { policyKeys } from './policy-keys.ts'
import { foundPolicy, policyBody, policySchema, type PolicySpec, type PolicyValue, policyValue } from './policy.ts'

export interface OperatorPolicySection {
  /** Merged over the policy of the same queue, key by key. */
  readonly operatorPolicies?: Readonly<Record<string, PolicySpec>>
}

const operatorKeys = Object.fromEntries(Object.entries(policyKeys).filter(([, { operator }]) => operator !== undefined))

export const operatorPolicyKind: ResourceKind<PolicyValue> = {
  kind: 'operator-policy',
  section: {
    at: 'vhost',
    name: 'operatorPolicies',
    schema: z
      .record(z.string().min(1), policySchema(operatorKeys))
      .describe('Limits of the operator over those of policies, by name.'),
  },
  *wanted({ vhosts }) {
    for (const [vhost, { operatorPolicies = {} }] of vhosts) {
      for (const [name, spec] of Object.entries(operatorPolicies)) {
        // They count for queues only, whatever they say.
        yield { vhost, name, value: policyValue({ ...spec, applyTo: spec.applyTo ?? 'queues' }) }
      }
    }
  },
  *found({ definitions }) {
    // In an export they are among the parameters.
    for (const { vhost, component, name, value } of definitions.parameters) {
      if (component === 'operator_policy') yield { vhost, name, value: foundPolicy(value as DefinedPolicy) }
    }
  },
  async put({ client }, { vhost = '', name, value }) {
    await client.put(api`operator-policies/${vhost}/${name}`, policyBody(value))
  },
  async remove({ client }, { vhost = '', name }) {
    await client.delete(api`operator-policies/${vhost}/${name}`)
  },
}
