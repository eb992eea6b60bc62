import { isAtLeast } from '../management/version.ts'
import type { PolicyValue } from '../resources/policy.ts'
import { policyKeys } from '../resources/policy-keys.ts'
import { compiledPattern } from './pattern.ts'
import type { VhostWorld } from './world.ts'

type Definition = Readonly<Record<string, unknown>>

export interface Effective {
  /** The policy that counts; undefined when none does. */
  readonly policy: string | undefined
  readonly operatorPolicy: string | undefined
  /** What holds in the end: the policy's keys, and those of the operator policy over them. */
  readonly definition: Definition
  /** Policies of the same, highest priority: which one counts is for the broker to choose. */
  readonly ties: readonly string[]
  /** Policies that match by name and are passed over, for keys that a queue of this type does not know. None for exchanges. */
  readonly skipped: readonly { readonly policy: string; readonly keys: readonly string[] }[]
}

interface Candidate {
  readonly name: string
  readonly value: PolicyValue
  readonly matches: (name: string) => boolean
}

/** Tells what holds for a queue of this type, or for an exchange, as the broker would choose. */
export type PolicySimulation = (name: string, type: string | undefined) => Effective

/**
 * Simulates the policies of one vhost on a version of the broker. The type is that of a queue, default `classic`, or `exchange`.
 * Patterns are compiled once, whatever the number of objects. Pure.
 */
export function simulatePolicies(
  vhost: Pick<VhostWorld, 'policies' | 'operatorPolicies'>,
  version: string,
): PolicySimulation {
  const policies = candidates(vhost.policies)
  const operators = candidates(vhost.operatorPolicies)
  const unsupported = unsupportedOn(version)
  return (name, type = 'classic') => {
    const chosen = choose(policies, name, type, unsupported)
    // They are for queues alone, whatever they say.
    const operator = choose(type === 'exchange' ? [] : operators, name, type, unsupported)
    return {
      policy: chosen.first?.name,
      operatorPolicy: operator.first?.name,
      definition: merge(chosen.first?.value.definition ?? {}, operator.first?.value.definition ?? {}),
      ties: chosen.ties,
      skipped: [...chosen.skipped, ...operator.skipped],
    }
  }
}

/** Highest first, so that the first that matches counts. */
function candidates(policies: ReadonlyMap<string, PolicyValue>): readonly Candidate[] {
  return [...policies]
    .map(([name, value]) => ({ name, value, matches: compiledPattern(value.pattern) }))
    .toSorted((left, right) => right.value.priority - left.value.priority)
}

interface Chosen {
  readonly first: Candidate | undefined
  readonly ties: readonly string[]
  readonly skipped: readonly { readonly policy: string; readonly keys: readonly string[] }[]
}

function choose(policies: readonly Candidate[], name: string, type: string, unsupported: UnsupportedKeys): Chosen {
  const skipped: { policy: string; keys: readonly string[] }[] = []
  let first: Candidate | undefined
  const ties: string[] = []
  for (const candidate of policies) {
    if (first !== undefined && candidate.value.priority < first.value.priority) break
    if (!appliesTo(candidate.value.applyTo, type) || !candidate.matches(name)) continue
    const keys = unsupported(candidate.value.definition, type)
    if (keys.length > 0) skipped.push({ policy: candidate.name, keys })
    else if (first === undefined) first = candidate
    else ties.push(candidate.name)
  }
  return { first, ties: first === undefined || ties.length === 0 ? [] : [first.name, ...ties], skipped }
}

export function appliesTo(target: string, type: string): boolean {
  switch (target) {
    case 'all':
      return true
    case 'queues':
      return type !== 'exchange'
    case 'exchanges':
      return type === 'exchange'
    case 'classic_queues':
      return type === 'classic'
    case 'quorum_queues':
      return type === 'quorum'
    case 'streams':
      return type === 'stream'
    default:
      return false
  }
}

type UnsupportedKeys = (definition: Definition, type: string) => readonly string[]

/** All or nothing: with one key that the queue's type does not know, the broker takes the policy for one that does not match. */
function unsupportedOn(version: string): UnsupportedKeys {
  const isNew = isAtLeast(version, '4.0')
  return (definition, type) =>
    Object.keys(definition).filter((key) => {
      const { unsupportedBy = [], unsupportedFrom4 = unsupportedBy } = policyKeys[key] ?? {}
      return (isNew ? unsupportedFrom4 : unsupportedBy).some((each) => each === type)
    })
}

/** The limit that counts of two: the lower one; a negative one is none. */
export function lowerLimit(left: number, right: number): number {
  return left < 0 || right < 0 ? Math.max(left, right) : Math.min(left, right)
}

function merge(policy: Definition, operator: Definition): Definition {
  const merged: Record<string, unknown> = { ...policy }
  for (const [key, value] of Object.entries(operator)) {
    const own = policy[key]
    const isLimit = policyKeys[key]?.operator === 'min' && typeof own === 'number' && typeof value === 'number'
    merged[key] = isLimit ? lowerLimit(own, value) : value
  }
  return merged
}
