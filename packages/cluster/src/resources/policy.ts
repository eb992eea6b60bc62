import * as z from 'zod'
import { api } from '../management/path.ts'
import type { DefinedPolicy } from '../snapshot/definitions.ts'
import type { ResourceKind } from './kind.ts'
import { definitionSchema, type PolicyKey, policyKeys } from './policy-keys.ts'

const targets = ['all', 'queues', 'exchanges', 'classic_queues', 'quorum_queues', 'streams'] as const

export type PolicyTarget = (typeof targets)[number]

export interface PolicySpec {
  /** A regular expression, not anchored: `^qu\.order\.` and not `qu.order.`. */
  readonly pattern: string
  readonly applyTo?: PolicyTarget
  /** Of the policies that match, the one with the highest priority counts alone. */
  readonly priority?: number
  readonly definition: Readonly<Record<string, unknown>>
}

export interface PolicySection {
  readonly policies?: Readonly<Record<string, PolicySpec>>
}

export interface PolicyValue {
  readonly pattern: string
  readonly applyTo: string
  readonly priority: number
  readonly definition: Readonly<Record<string, unknown>>
}

/** A policy whose definition has some of these keys and no others. */
export function policySchema(keys: Readonly<Record<string, PolicyKey>>): z.ZodType<PolicySpec> {
  return z.strictObject({
    pattern: z.string().describe('A regular expression over names; it is not anchored.'),
    applyTo: z
      .enum(targets)
      .exactOptional()
      .describe('Default `all`; `classic_queues`, `quorum_queues` and `streams` from 3.12.'),
    priority: z.int().exactOptional().describe('The highest counts, alone. Default 0.'),
    definition: definitionSchema(keys).describe('What it sets; the keys are in the table.'),
  })
}

export const policyKind: ResourceKind<PolicyValue> = {
  kind: 'policy',
  section: {
    at: 'vhost',
    name: 'policies',
    schema: z
      .record(z.string().min(1), policySchema(policyKeys))
      .describe('Settings of the queues and exchanges whose names match, by name of the policy.'),
  },
  *wanted({ vhosts, mirroringOf }) {
    for (const [vhost, { policies = {} }] of vhosts) {
      const all = { ...policies, ...mirroringOf(vhost) }
      for (const [name, spec] of Object.entries(all)) yield { vhost, name, value: policyValue(spec) }
    }
  },
  *found({ definitions }) {
    for (const policy of definitions.policies)
      yield { vhost: policy.vhost, name: policy.name, value: foundPolicy(policy) }
  },
  async put({ client }, { vhost = '', name, value }) {
    await client.put(api`policies/${vhost}/${name}`, policyBody(value))
  },
  async remove({ client }, { vhost = '', name }) {
    await client.delete(api`policies/${vhost}/${name}`)
  },
}

export function policyValue({ pattern, applyTo = 'all', priority = 0, definition }: PolicySpec): PolicyValue {
  return { pattern, applyTo, priority, definition }
}

export function policyBody({ pattern, applyTo, priority, definition }: PolicyValue): unknown {
  return { pattern, 'apply-to': applyTo, priority, definition }
}

export function foundPolicy(
  policy: Pick<DefinedPolicy, 'pattern' | 'apply-to' | 'priority' | 'definition'>,
): PolicyValue {
  const { pattern, 'apply-to': applyTo, priority, definition } = policy
  return { pattern, applyTo, priority, definition }
}
