import type { Finding } from '../../lint/finding.ts'
import { listed } from '../../lint/policy-rules.ts'
import { simulatePolicies } from '../../policies/effective.ts'
import { policyKeys } from '../../resources/policy-keys.ts'
import { isObject, isSame, type Value } from '../../resources/value.ts'
import { type DefinitionsDocument, itemsOf, textOf } from '../document.ts'
import { noteOf } from './note.ts'
import { policiesByVhost, versionOf, vhostIn } from './policies.ts'

/** What counts for one object, as the broker would choose. */
interface Counting {
  readonly kind: 'queue' | 'exchange'
  readonly vhost: string
  readonly name: string
  readonly policy: string | undefined
  readonly operatorPolicy: string | undefined
  readonly definition: Value
}

/**
 * Queues and exchanges for which something else counts after the policies were changed, beyond what `expected` makes of a
 * definition: a policy that is gone, and shadowed another one, lets that one come alive; and one that `version`, of the broker
 * that `after` is for, skips for a key that the type of a queue does not have there counts no longer. Pure.
 */
export function policyShifts(
  before: DefinitionsDocument,
  after: DefinitionsDocument,
  expected: (definition: Value) => Value,
  version: string = versionOf(after),
): readonly Finding[] {
  const found = new Map([...counting(before, versionOf(before))].map((item) => [keyOf(item), item]))
  const groups = new Map<string, { was: Counting; is: Counting; names: string[] }>()
  for (const is of counting(after, version)) {
    const was = found.get(keyOf(is))
    if (was === undefined || isSame(relevant(is.kind, expected(was.definition)), relevant(is.kind, is.definition)))
      continue
    const key = JSON.stringify([
      is.kind,
      is.vhost,
      was.policy,
      is.policy,
      was.operatorPolicy,
      is.operatorPolicy,
      is.definition,
    ])
    const group = groups.get(key) ?? { was, is, names: [] }
    groups.set(key, group)
    group.names.push(is.name)
  }
  return [...groups.values()].map(({ was, is, names }) => shiftNote(was, is, names))
}

function shiftNote(was: Counting, is: Counting, names: readonly string[]): Finding {
  const { kind, vhost } = is
  const what = names.length === 1 ? `the ${kind}` : `the ${kind}s`
  if (is.policy !== undefined && is.policy !== was.policy) {
    const shadow = was.policy === undefined ? 'where none counted before' : `which "${was.policy}" shadowed`
    const message = `it counts now for ${what} ${listed(names)}, ${shadow}: ${JSON.stringify(is.definition)}`
    return noteOf('warning', 'policy-comes-alive', { kind: 'policy', vhost, name: is.policy }, message)
  }
  const message = `what counts for ${what} ${listed(names)} is ${JSON.stringify(is.definition)} now, and was ${JSON.stringify(was.definition)}`
  // Without a policy before and after, it is the operator policy that is another one, or holds something else.
  const about =
    was.policy === undefined
      ? { kind: 'operator-policy', vhost, name: was.operatorPolicy ?? is.operatorPolicy ?? '' }
      : { kind: 'policy', vhost, name: was.policy }
  return noteOf('warning', 'policy-counts-otherwise', about, message)
}

function* counting(document: DefinitionsDocument, version: string): Iterable<Counting> {
  const policies = policiesByVhost(document)
  const policiesOf = memoised((vhost) => simulatePolicies(policies(vhost), version))
  for (const queue of itemsOf(document, 'queues')) {
    const [vhost, name] = [vhostIn(document, queue), textOf(queue, 'name')]
    const args = isObject(queue['arguments']) ? queue['arguments'] : {}
    const type = typeof args['x-queue-type'] === 'string' ? args['x-queue-type'] : 'classic'
    const { policy, operatorPolicy, definition } = policiesOf(vhost)(name, type)
    yield { kind: 'queue', vhost, name, policy, operatorPolicy, definition }
  }
  for (const exchange of itemsOf(document, 'exchanges')) {
    const [vhost, name] = [vhostIn(document, exchange), textOf(exchange, 'name')]
    const { policy, operatorPolicy, definition } = policiesOf(vhost)(name, 'exchange')
    yield { kind: 'exchange', vhost, name, policy, operatorPolicy, definition }
  }
}

/** Without the keys that mean nothing to such an object. A key that is not known may be a plugin's. */
function relevant(kind: Counting['kind'], definition: Value): Value {
  const meant = (key: string): boolean => {
    const scope = policyKeys[key]?.scope
    if (scope === undefined || scope === 'federation') return true
    return kind === 'exchange' ? scope === 'exchange' || scope === 'sharding' : scope !== 'exchange'
  }
  return Object.fromEntries(Object.entries(definition).filter(([key]) => meant(key)))
}

function keyOf({ kind, vhost, name }: Counting): string {
  return JSON.stringify([kind, vhost, name])
}

function memoised<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>()
  return (key) => {
    const found = made.get(key) ?? make(key)
    made.set(key, found)
    return found
  }
}
