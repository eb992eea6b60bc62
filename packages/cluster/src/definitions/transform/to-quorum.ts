import { listed } from '../../listed.ts'
import type { Finding } from '../../lint/finding.ts'
import { simulatePolicies, type PolicySimulation } from '../../policies/effective.ts'
import { isReadable } from '../../policies/pattern.ts'
import { isObject, type Value } from '../../resources/value.ts'
import { groupSizeOf, type Mirrored } from '../../spec/replication.ts'
import { type DefinitionsDocument, itemsOf, textOf } from '../document.ts'
import { noteOf, type Transformed } from './note.ts'
import { definitionOf, type FoundPolicy, mapPolicies, policiesByVhost, versionOf, vhostIn } from './policies.ts'

export interface ToQuorumOptions {
  /** Nodes of the cluster that it is for. Unknown by default: then a queue that was on all nodes gets three members. */
  readonly nodes?: number
}

/** What a quorum queue has when it is declared without a group size, on every version. */
const DEFAULT_MEMBERS = 3

/**
 * Makes quorum queues of the classic queues that are mirrored, as the policies that count for them say, and takes the keys of
 * mirroring out of all policies. Exclusive, auto-delete and transient queues stay classic. Pure.
 */
export function toQuorum(document: DefinitionsDocument, options: ToQuorumOptions = {}): Transformed {
  const notes: Finding[] = []
  const queues = convertQueues(document, options, notes)
  const withQueues = Array.isArray(document['queues']) ? { ...document, queues } : document
  const changed = mapPolicies(withQueues, (policy) => withoutMirroring(policy, notes))
  return { document: changed, notes }
}

function convertQueues(document: DefinitionsDocument, options: ToQuorumOptions, notes: Finding[]): readonly Value[] {
  const policiesOf = effectiveByVhost(document)
  const converted = new Groups()
  const kept = new Groups()
  const dropped = new Groups()
  const queues = itemsOf(document, 'queues').map((queue) => {
    const [vhost, name, args] = [vhostIn(document, queue), textOf(queue, 'name'), argumentsOf(queue)]
    const type = typeof args['x-queue-type'] === 'string' ? args['x-queue-type'] : 'classic'
    const { policy = '', definition } = policiesOf(vhost)(name, type)
    const mirrored = type === 'classic' ? mirroredIn(definition) : undefined
    if (mirrored === undefined) return queue
    const reason = staysClassic(queue)
    if (reason !== undefined) {
      kept.add(vhost, reason, name)
      return queue
    }
    const size = sizeOf(mirrored, options.nodes)
    converted.add(vhost, JSON.stringify([policy, size]), name)
    const translated = quorumArguments(args, size)
    for (const told of translated.told) dropped.add(vhost, told, name)
    // It says what the argument says, and no broker reads it.
    return { ...queue, ...('type' in queue ? { type: 'quorum' } : {}), arguments: translated.arguments }
  })
  for (const [vhost, key, names] of converted.all()) {
    const [policy, size] = JSON.parse(key) as [string, number]
    const count = `${names.length} mirrored by it become quorum queues of ${size}: ${listed(names)}`
    notes.push(noteOf('note', 'queues-to-quorum', { kind: 'policy', vhost, name: policy }, count))
    if (size === DEFAULT_MEMBERS) continue
    const message = `x-quorum-initial-group-size is ${size} for ${listed(names)}: a service that declares them without this argument is refused`
    notes.push(noteOf('warning', 'group-size-declared', { kind: 'policy', vhost, name: policy }, message))
  }
  for (const [vhost, names] of converted.byVhost()) {
    const message = `services that declare ${listed(names)} without x-queue-type are refused, unless the default queue type of the vhost is quorum`
    notes.push(noteOf('warning', 'queue-type-declared', { kind: 'vhost', name: vhost }, message))
  }
  for (const [vhost, reason, names] of kept.all()) {
    const message = `${listed(names)} ${names.length === 1 ? 'stays' : 'stay'} classic, on one node: ${reason}`
    notes.push(noteOf('warning', 'stays-classic', { kind: 'vhost', name: vhost }, message))
  }
  for (const [vhost, told, names] of dropped.all()) {
    notes.push(noteOf('warning', 'argument-dropped', { kind: 'vhost', name: vhost }, `${told}: ${listed(names)}`))
  }
  return queues
}

/** Names by vhost and what is said of them, so that ten thousand queues make one line. */
class Groups {
  readonly #names = new Map<string, string[]>()

  add(vhost: string, key: string, name: string): void {
    const group = JSON.stringify([vhost, key])
    const names = this.#names.get(group)
    if (names === undefined) this.#names.set(group, [name])
    else names.push(name)
  }

  *all(): Iterable<readonly [vhost: string, key: string, names: readonly string[]]> {
    for (const [group, names] of this.#names) {
      const [vhost, key] = JSON.parse(group) as [string, string]
      yield [vhost, key, names]
    }
  }

  byVhost(): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, string[]>()
    for (const [vhost, , names] of this.all()) found.set(vhost, [...(found.get(vhost) ?? []), ...names])
    return found
  }
}

function effectiveByVhost(document: DefinitionsDocument): (vhost: string) => PolicySimulation {
  const policies = policiesByVhost(document)
  const compiled = new Map<string, PolicySimulation>()
  return (vhost) => {
    const found = compiled.get(vhost) ?? simulatePolicies(policies(vhost), versionOf(document))
    compiled.set(vhost, found)
    return found
  }
}

function argumentsOf(queue: Value): Value {
  return isObject(queue['arguments']) ? queue['arguments'] : {}
}

function mirroredIn(definition: Value): Mirrored | undefined {
  const params = definition['ha-params']
  switch (definition['ha-mode']) {
    case 'all':
      return 'all'
    case 'exactly':
      return { exactly: typeof params === 'number' ? params : DEFAULT_MEMBERS }
    case 'nodes':
      return { nodes: Array.isArray(params) ? params.map(String) : [] }
    default:
      return undefined
  }
}

/** The lesser of an odd number of three or more, and of the nodes that there are. */
function sizeOf(mirrored: Mirrored, nodes: number | undefined): number {
  const size = groupSizeOf(mirrored, nodes ?? DEFAULT_MEMBERS)
  // With less than three nodes the broker makes the three that it has by default as many as there are.
  return nodes === undefined ? size : Math.max(DEFAULT_MEMBERS, Math.min(size, nodes))
}

function staysClassic(queue: Value): string | undefined {
  if (queue['exclusive'] === true) return 'it is exclusive to a connection'
  if (queue['auto_delete'] === true) return 'it goes with its last consumer (auto-delete)'
  return queue['durable'] === false ? 'it is not durable' : undefined
}

const lost: Readonly<Record<string, string>> = {
  'x-max-priority':
    'a quorum queue has no x-max-priority: messages come in their order, or in two priorities from 4.0 on',
  'x-queue-mode': 'a quorum queue has no x-queue-mode, and keeps its messages on disk',
  'x-queue-version': 'a quorum queue has no x-queue-version',
}

function quorumArguments(args: Value, size: number): { readonly arguments: Value; readonly told: readonly string[] } {
  const told: string[] = []
  const kept = Object.entries(args).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    if (Object.hasOwn(lost, key)) {
      told.push(lost[key] ?? key)
      return []
    }
    if (key === 'x-queue-master-locator') {
      told.push('x-queue-master-locator becomes x-queue-leader-locator')
      return [['x-queue-leader-locator', leaderLocator(value)]]
    }
    if (key === 'x-overflow' && value === 'reject-publish-dlx') {
      told.push(withoutDeadLetters)
      return [[key, 'reject-publish']]
    }
    return key === 'x-queue-type' ? [] : [[key, value]]
  })
  // An argument that is the default all the same would make the broker refuse a service that declares the queue without it.
  const group = size === DEFAULT_MEMBERS ? {} : { 'x-quorum-initial-group-size': size }
  return { arguments: { ...Object.fromEntries(kept), 'x-queue-type': 'quorum', ...group }, told }
}

const withoutDeadLetters =
  'a quorum queue knows no reject-publish-dlx: with reject-publish the publisher is refused, and nothing is dead-lettered'

function leaderLocator(value: unknown): string {
  return value === 'client-local' ? 'client-local' : 'balanced'
}

/** A policy without the keys of mirroring; undefined when nothing is left, since no broker takes an empty one. */
function withoutMirroring({ kind, vhost, name, body }: FoundPolicy, notes: Finding[]): Value | undefined {
  const definition = definitionOf(body)
  if (!Object.keys(definition).some((key) => key.startsWith('ha-'))) return body
  const about = { kind, vhost, name }
  const pattern = textOf(body, 'pattern')
  if (!isReadable(pattern)) {
    const message = `its pattern "${pattern}" cannot be tried here: queues that it mirrors were left classic`
    notes.push(noteOf('warning', 'pattern-unreadable', about, message))
  }
  const left = withoutMirroringKeys(definition)
  if (Object.keys(left).length === 0) {
    notes.push(noteOf('note', 'policy-dropped', about, 'left out: it has keys of mirroring alone'))
    return undefined
  }
  if (definition['overflow'] === 'reject-publish-dlx') {
    notes.push(noteOf('warning', 'key-changed', about, withoutDeadLetters))
  }
  notes.push(
    noteOf('note', 'mirroring-dropped', about, `without its keys of mirroring; left is ${JSON.stringify(left)}`),
  )
  // It matched the queues while they were classic.
  const target = body['apply-to'] === 'classic_queues' ? { 'apply-to': 'queues' } : {}
  return { ...body, ...target, definition: left }
}

/** The definition of a policy that has mirrored queues, for the quorum queues that they become; others as they are. */
export function withoutMirroringKeys(definition: Value): Value {
  if (!Object.keys(definition).some((key) => key.startsWith('ha-'))) return definition
  const entries = Object.entries(definition).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    if (key.startsWith('ha-') || key === 'queue-mode' || key === 'queue-version') return []
    if (key === 'queue-master-locator') {
      return 'queue-leader-locator' in definition ? [] : [['queue-leader-locator', leaderLocator(value)]]
    }
    return [[key, key === 'overflow' && value === 'reject-publish-dlx' ? 'reject-publish' : value]]
  })
  return Object.fromEntries(entries)
}
