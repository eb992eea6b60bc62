import type { Finding } from '../../lint/finding.ts'
import { isAtLeast } from '../../management/version.ts'
import { policyKeys } from '../../resources/policy-keys.ts'
import { isObject, type Value } from '../../resources/value.ts'
import { type DefinitionsDocument, itemsOf, textOf } from '../document.ts'
import { noteOf, type Transformed } from './note.ts'
import { definitionOf, type FoundPolicy, mapPolicies, vhostIn } from './policies.ts'

/**
 * Makes policies and queues such as a broker of this version takes: keys of policies that it does not know are left out, and
 * what a later version prints in another form is written in the one that all read. Pure.
 */
export function forVersion(document: DefinitionsDocument, version: string): Transformed {
  const notes: Finding[] = []
  const changed = mapPolicies(document, (policy) => policyFor(policy, version, notes))
  if (!Array.isArray(document['queues'])) return { document: changed, notes }
  const queues = itemsOf(document, 'queues').map((queue) => queueFor(document, queue, version, notes))
  return { document: { ...changed, queues }, notes }
}

/** An operator policy may hold these since one patch release or another of 3.10 and 3.11: they are left to the broker. */
const mirroringOfOperators = new Set(['ha-mode', 'ha-params', 'ha-sync-mode'])

/**
 * Why a broker of this version does not take a key of a policy, or of an operator policy; undefined for one that it takes, or
 * that a plugin may bring.
 */
export function whyKeyIsRefused(key: string, version: string, isOperator = false): string | undefined {
  // No version knows these.
  if (key === 'max-priority' || key.startsWith('x-')) return `no broker knows the key "${key}" of a policy`
  const known = policyKeys[key]
  if (known === undefined) return undefined
  const { since: ownSince, operatorSince = ownSince, until, operator } = known
  const [kind, since] = isOperator ? ['an operator policy', operatorSince] : ['a policy', ownSince]
  if (until !== undefined && isAtLeast(version, until)) return `the key "${key}" of ${kind} ended with ${until}`
  if (isOperator && operator === undefined && !mirroringOfOperators.has(key)) {
    return `no operator policy can have the key "${key}"`
  }
  if (since !== undefined && !isAtLeast(version, since)) return `the key "${key}" of ${kind} needs RabbitMQ ${since}`
  return undefined
}

/** Why this version does not take what the policy applies to. */
export function whyTargetIsRefused(target: unknown, version: string): string | undefined {
  const isByType = ['classic_queues', 'quorum_queues', 'streams'].some((name) => name === target)
  return isByType && !isAtLeast(version, '3.12') ? `apply-to "${String(target)}" needs RabbitMQ 3.12` : undefined
}

/** The keys that a broker of this version takes. */
export function keysFor(definition: Value, version: string, isOperator = false): Value {
  const taken = (key: string): boolean => whyKeyIsRefused(key, version, isOperator) === undefined
  return Object.fromEntries(Object.entries(definition).filter(([key]) => taken(key)))
}

function policyFor({ kind, vhost, name, body }: FoundPolicy, version: string, notes: Finding[]): Value | undefined {
  const about = { kind, vhost, name }
  const definition = definitionOf(body)
  const isOperator = kind === 'operator-policy'
  const left = keysFor(definition, version, isOperator)
  if (!isObject(body['definition'])) {
    notes.push(noteOf('note', 'pairs-read', about, 'its definition was a list of pairs, which no broker reads'))
  }
  for (const key of Object.keys(definition)) {
    const why = whyKeyIsRefused(key, version, isOperator)
    if (why === undefined) continue
    const loss = key === 'ha-mode' ? '; what it mirrored is on one node from now on, unless --to-quorum' : ''
    notes.push(noteOf('warning', 'key-dropped', about, `${key} left out: ${why}${loss}`))
  }
  if (Object.keys(left).length === 0) {
    notes.push(noteOf('warning', 'policy-dropped', about, `left out: RabbitMQ ${version} takes none of its keys`))
    return undefined
  }
  const target = whyTargetIsRefused(body['apply-to'], version)
  if (target !== undefined) {
    notes.push(noteOf('warning', 'target-widened', about, `it applies to all queues now: ${target}`))
  }
  return { ...body, ...(target === undefined ? {} : { 'apply-to': 'queues' }), definition: left }
}

/** 4.3 answers that all is well to a queue with this argument, and does not make it. */
function queueFor(document: DefinitionsDocument, queue: Value, version: string, notes: Finding[]): Value {
  const { arguments: args } = queue
  if (!isObject(args) || !('x-queue-master-locator' in args) || !isAtLeast(version, '4.3')) return queue
  const about = { kind: 'queue', vhost: vhostIn(document, queue), name: textOf(queue, 'name') }
  notes.push(noteOf('note', 'argument-dropped', about, 'x-queue-master-locator left out: it ended with 4.3'))
  const { 'x-queue-master-locator': _, ...left } = args
  return { ...queue, arguments: left }
}
