import type { PolicyValue } from '../../resources/policy.ts'
import { isObject, type Value } from '../../resources/value.ts'
import { type DefinitionsDocument, itemsOf, textOf } from '../document.ts'

/** A policy of a file, whether it is one of `policies` or an operator policy, which travels among the parameters. */
export interface FoundPolicy {
  readonly kind: 'policy' | 'operator-policy'
  readonly vhost: string
  readonly name: string
  /** `pattern`, `definition`, `priority`, `apply-to`, and what else stands beside them. */
  readonly body: Value
}

/** The document with every policy as `change` makes it; without those of which it makes undefined. */
export function mapPolicies(
  document: DefinitionsDocument,
  change: (policy: FoundPolicy) => Value | undefined,
): DefinitionsDocument {
  const changed: Record<string, unknown> = { ...document }
  if (Array.isArray(document['policies'])) {
    changed['policies'] = itemsOf(document, 'policies').flatMap((item) => change(policyOf(document, item)) ?? [])
  }
  if (Array.isArray(document['parameters'])) {
    changed['parameters'] = itemsOf(document, 'parameters').flatMap((item) => {
      const policy = operatorPolicyOf(document, item)
      if (policy === undefined) return [item]
      const value = change(policy)
      return value === undefined ? [] : [{ ...item, value }]
    })
  }
  return changed
}

interface VhostPolicies {
  readonly policies: ReadonlyMap<string, PolicyValue>
  readonly operatorPolicies: ReadonlyMap<string, PolicyValue>
}

const none: VhostPolicies = { policies: new Map(), operatorPolicies: new Map() }

/** What holds in each vhost. */
export function policiesByVhost(document: DefinitionsDocument): (vhost: string) => VhostPolicies {
  const found = new Map<string, { policies: Map<string, PolicyValue>; operatorPolicies: Map<string, PolicyValue> }>()
  mapPolicies(document, ({ kind, vhost, name, body }) => {
    const here = found.get(vhost) ?? { policies: new Map(), operatorPolicies: new Map() }
    found.set(vhost, here)
    here[kind === 'policy' ? 'policies' : 'operatorPolicies'].set(name, valueOf(body))
    return body
  })
  return (vhost) => found.get(vhost) ?? none
}

/** Of the broker that wrote the file; the oldest that Warren knows where a file does not tell. */
export function versionOf(document: DefinitionsDocument): string {
  return textOf(document, 'rabbitmq_version') || textOf(document, 'rabbit_version') || '3.10'
}

/**
 * The vhost of an object; empty in a file of one vhost. Such a file of 3.10 names the vhost of policies, and of nothing else.
 */
export function vhostIn(document: DefinitionsDocument, item: Value): string {
  return isOfOneVhost(document) ? '' : textOf(item, 'vhost')
}

const ofOneVhost = new WeakMap<DefinitionsDocument, boolean>()

/** True for an export of one vhost, whose objects do not say of which. */
export function isOfOneVhost(document: DefinitionsDocument): boolean {
  const known = ofOneVhost.get(document)
  if (known !== undefined) return known
  const isOne =
    document['vhosts'] === undefined &&
    ['queues', 'exchanges', 'bindings'].some((section) =>
      itemsOf(document, section).some((item) => item['vhost'] === undefined),
    )
  ofOneVhost.set(document, isOne)
  return isOne
}

function policyOf(document: DefinitionsDocument, item: Value): FoundPolicy {
  return { kind: 'policy', vhost: vhostIn(document, item), name: textOf(item, 'name'), body: item }
}

function operatorPolicyOf(document: DefinitionsDocument, item: Value): FoundPolicy | undefined {
  if (item['component'] !== 'operator_policy' || !isObject(item['value'])) return undefined
  return {
    kind: 'operator-policy',
    vhost: vhostIn(document, item),
    name: textOf(item, 'name'),
    body: item['value'],
  }
}

function valueOf(body: Value): PolicyValue {
  const { priority } = body
  return {
    pattern: textOf(body, 'pattern'),
    applyTo: textOf(body, 'apply-to') || 'all',
    priority: typeof priority === 'number' ? priority : 0,
    definition: definitionOf(body),
  }
}

/** Some 4.0 and 4.1 versions print it as a list of pairs. */
export function definitionOf({ definition }: Value): Value {
  if (isObject(definition)) return definition
  const pairs: readonly unknown[] = Array.isArray(definition) ? definition : []
  return Object.fromEntries(pairs.filter((pair): pair is [string, unknown] => isPair(pair)))
}

function isPair(pair: unknown): boolean {
  return Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string'
}
