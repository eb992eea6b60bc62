import { brokerOf } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import { listAll } from '../management/pages.ts'
import { api } from '../management/path.ts'
import { redact } from '../redaction/redact.ts'
import { foundPolicy, type PolicyValue } from '../resources/policy.ts'
import type { DefinedPolicy } from '../snapshot/definitions.ts'
import { appliesTo, type Effective, simulatePolicies } from './effective.ts'
import { compiledPattern, isReadable } from './pattern.ts'
import { within } from './within.ts'

export interface PolicyObject {
  readonly kind: 'queue' | 'exchange'
  readonly name: string
}

/** A policy of one vhost, and what it comes to. */
export interface PolicyReading extends PolicyValue {
  readonly kind: 'policy' | 'operator-policy'
  readonly name: string
  /** False for a pattern that cannot be tried here as the broker would: what it matches is not known then. */
  readonly isTried: boolean
  readonly counts: readonly PolicyObject[]
  /** Objects that it matches and for which another counts; the name of that one. */
  readonly shadowed: readonly (PolicyObject & { readonly by: string })[]
  /** Objects that it matches and is passed over for, since a queue of their type does not know these keys. */
  readonly skipped: readonly (PolicyObject & { readonly keys: readonly string[] })[]
  /** Objects for which another of the same priority may count as well: the broker chooses. */
  readonly ties: readonly PolicyObject[]
}

interface TypedObject extends PolicyObject {
  readonly type: string
}

interface NamedPolicy {
  readonly kind: PolicyReading['kind']
  readonly name: string
  readonly value: PolicyValue
}

/** Of one pattern on all names. */
const PATTERN_TIMEOUT_MS = 200

/** Reads the policies of a vhost and tries them on its queues and exchanges, as the broker would: the highest priority first. */
export async function readPolicies(client: ManagementClient, vhost: string): Promise<readonly PolicyReading[]> {
  type Answer = DefinedPolicy
  const [{ version }, policies, operators, queues, exchanges] = await Promise.all([
    brokerOf(client),
    client.get<readonly Answer[]>(api`policies/${vhost}`),
    client.get<readonly Answer[]>(api`operator-policies/${vhost}`),
    listAll<{ name: string; type?: string }>(client, api`queues/${vhost}`, { columns: ['name', 'type'] }),
    listAll<{ name: string }>(client, api`exchanges/${vhost}`, { columns: ['name'] }),
  ])
  const named = (kind: PolicyReading['kind'], all: readonly Answer[]): readonly NamedPolicy[] =>
    all.map((policy) => ({ kind, name: policy.name, value: foundPolicy(policy) }))
  const objects: readonly TypedObject[] = [
    ...queues.map(({ name, type = 'classic' }) => ({ kind: 'queue' as const, name, type })),
    ...exchanges
      .filter(({ name }) => name !== '')
      .map(({ name }) => ({ kind: 'exchange' as const, name, type: 'exchange' })),
  ]
  return tryPolicies([...named('policy', policies), ...named('operator-policy', operators)], objects, version)
}

/** Pure. */
export function tryPolicies(
  policies: readonly NamedPolicy[],
  objects: readonly TypedObject[],
  version: string,
): readonly PolicyReading[] {
  const matched = new Map(policies.map((policy) => [policy, matchedBy(policy, objects)]))
  // One that is not known to end is not tried again.
  const triable = policies.filter((policy) => matched.get(policy) !== undefined)
  const of = (kind: NamedPolicy['kind']): ReadonlyMap<string, PolicyValue> =>
    new Map(triable.filter((policy) => policy.kind === kind).map(({ name, value }) => [name, value]))
  const simulate = simulatePolicies({ policies: of('policy'), operatorPolicies: of('operator-policy') }, version)
  const effective = new Map(objects.map((object) => [object, simulate(object.name, object.type)]))
  return policies
    .map((policy) => readingOf(policy, matched.get(policy), effective))
    .toSorted((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
}

function matchedBy({ kind, value }: NamedPolicy, objects: readonly TypedObject[]): readonly TypedObject[] | undefined {
  if (!isReadable(value.pattern)) return undefined
  const matches = compiledPattern(value.pattern)
  const concerned = objects.filter(
    ({ type }) => appliesTo(value.applyTo, type) && (kind === 'policy' || type !== 'exchange'),
  )
  return within(PATTERN_TIMEOUT_MS, () => concerned.filter(({ name }) => matches(name)))?.value
}

function readingOf(
  { kind, name, value }: NamedPolicy,
  matched: readonly TypedObject[] | undefined,
  effective: ReadonlyMap<TypedObject, Effective>,
): PolicyReading {
  const counts: PolicyObject[] = []
  const shadowed: (PolicyObject & { by: string })[] = []
  const skipped: (PolicyObject & { keys: readonly string[] })[] = []
  const ties: PolicyObject[] = []
  for (const object of matched ?? []) {
    const holds = effective.get(object)
    const about = { kind: object.kind, name: object.name }
    const first = kind === 'policy' ? holds?.policy : holds?.operatorPolicy
    const passed = holds?.skipped.find((each) => each.policy === name)
    if (first === name) counts.push(about)
    else if (passed !== undefined) skipped.push({ ...about, keys: passed.keys })
    else if (first !== undefined) shadowed.push({ ...about, by: first })
    if (kind === 'policy' && holds?.ties.includes(name) === true) ties.push(about)
  }
  return {
    ...{ kind, name, counts, shadowed, skipped, ties },
    ...value,
    definition: redact(value.definition) as PolicyValue['definition'],
    isTried: matched !== undefined,
  }
}
