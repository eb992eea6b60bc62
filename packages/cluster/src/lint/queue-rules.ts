import type { BindingValue } from '../resources/binding.ts'
import type { ExchangeValue } from '../resources/exchange.ts'
import { lowerLimit } from '../policies/effective.ts'
import { findingsOf, type LintedVhost, type Rule } from './finding.ts'

/** A setting of a queue: the argument wins over the policy, except for limits, where the lower counts. */
function settingOf({ world, policiesOf }: LintedVhost, queue: string, key: string): unknown {
  const value = world.queues.get(queue)
  const argument = value?.arguments[`x-${key}`]
  const policy = policiesOf(queue, value?.type).definition[key]
  return typeof argument === 'number' && typeof policy === 'number'
    ? lowerLimit(argument, policy)
    : (argument ?? policy)
}

/** What quorum queues of 4.x have that name no limit. */
const DEFAULT_DELIVERY_LIMIT = 20

export const limitWithoutDeadLetters: Rule = function* (vhost) {
  const finding = findingsOf('delivery-limit-drops', 'warning', 'queue')
  for (const [queue, { type }] of vhost.world.queues) {
    if (type !== 'quorum' || settingOf(vhost, queue, 'dead-letter-exchange') !== undefined) continue
    const own = settingOf(vhost, queue, 'delivery-limit')
    const limit = own ?? (vhost.broker.capabilities.hasDefaultDeliveryLimit ? DEFAULT_DELIVERY_LIMIT : undefined)
    if (typeof limit !== 'number' || limit < 0) continue
    const deliveries = own === undefined ? `${limit} deliveries, the default of this version,` : `${limit} deliveries`
    yield finding(vhost.name, queue, `after ${deliveries} a message is dropped: there is no dead letter exchange`)
  }
}

export const weakStrategy: Rule = function* (vhost) {
  const finding = findingsOf('at-least-once-falls-back', 'warning', 'queue')
  for (const queue of vhost.world.queues.keys()) {
    if (settingOf(vhost, queue, 'dead-letter-strategy') !== 'at-least-once') continue
    const lacks = [
      ...(settingOf(vhost, queue, 'overflow') === 'reject-publish' ? [] : ['overflow reject-publish']),
      ...(settingOf(vhost, queue, 'dead-letter-exchange') === undefined ? ['a dead letter exchange'] : []),
    ]
    if (lacks.length === 0) continue
    yield finding(
      vhost.name,
      queue,
      `at-least-once dead lettering needs ${lacks.join(' and ')}; without it the broker falls back to at-most-once and says nothing`,
    )
  }
}

export const missingDeadLetterExchange: Rule = function* (vhost) {
  const finding = findingsOf('dead-letter-exchange-missing', 'warning', 'queue')
  for (const queue of vhost.world.queues.keys()) {
    const exchange = settingOf(vhost, queue, 'dead-letter-exchange')
    // The default exchange and amq.* are always there.
    if (typeof exchange !== 'string' || exchange === '' || exchange.startsWith('amq.')) continue
    if (vhost.world.exchanges.has(exchange)) continue
    const message = `its dead letters go to the exchange "${exchange}", which is not there: they are dropped, or pile up`
    yield { ...finding(vhost.name, queue, message), exchange }
  }
}

/** A message that is dead-lettered round and round: the broker drops it once it comes by without having been rejected. */
export const deadLetterCycles: Rule = function* (vhost) {
  const finding = findingsOf('dead-letter-cycle', 'warning', 'queue')
  const next = deadLetterTargets(vhost)
  const done = new Set<string>()
  for (const start of vhost.world.queues.keys()) {
    const cycle = cycleFrom(start, next, done)
    if (cycle === undefined) continue
    yield finding(
      vhost.name,
      cycle[0] ?? start,
      `dead letters go round in a circle: ${[...cycle, cycle[0] ?? ''].map((name) => `"${name}"`).join(' → ')}`,
    )
  }
}

/** A depth-first walk that visits each queue once over all starts. */
function cycleFrom(
  start: string,
  next: (queue: string) => readonly string[],
  done: Set<string>,
): readonly string[] | undefined {
  const path: string[] = []
  const visit = (queue: string): readonly string[] | undefined => {
    const at = path.indexOf(queue)
    if (at >= 0) return path.slice(at)
    if (done.has(queue)) return undefined
    path.push(queue)
    for (const target of next(queue)) {
      const cycle = visit(target)
      if (cycle !== undefined) return cycle
    }
    path.pop()
    done.add(queue)
    return undefined
  }
  const cycle = visit(start)
  for (const queue of path) done.add(queue)
  return cycle
}

function deadLetterTargets(vhost: LintedVhost): (queue: string) => readonly string[] {
  const bySource = new Map<string, BindingValue[]>()
  for (const binding of vhost.world.bindings.values()) {
    const bindings = bySource.get(binding.from)
    if (bindings === undefined) bySource.set(binding.from, [binding])
    else bindings.push(binding)
  }
  return (queue) => {
    const exchange = settingOf(vhost, queue, 'dead-letter-exchange')
    const key = settingOf(vhost, queue, 'dead-letter-routing-key')
    if (typeof exchange !== 'string') return []
    if (exchange === '') return typeof key === 'string' && vhost.world.queues.has(key) ? [key] : []
    const type = vhost.world.exchanges.get(exchange)?.type
    const taken = (bySource.get(exchange) ?? []).filter((binding) => takes(binding, type, key))
    return taken.flatMap(({ to, toKind }) => (toKind === 'queue' ? [to] : []))
  }
}

/** With no key of its own a dead letter keeps the one it came with, which may be any that this queue is bound with: unknown. */
function takes(binding: BindingValue, type: ExchangeValue['type'] | undefined, key: unknown): boolean {
  if (type === 'fanout') return true
  if (typeof key !== 'string') return false
  if (type === 'direct') return binding.key === key
  return type === 'topic' && topicMatches(binding.key, key)
}

function topicMatches(pattern: string, key: string): boolean {
  const words = pattern
    .split('.')
    .map((word) => (word === '#' ? '#' : word === '*' ? '[^.]*' : word.replace(/[^\w-]/g, '\\$&')))
  const text = words.join('\\.').replaceAll('#\\.', '(?:.*\\.)?').replaceAll('\\.#', '(?:\\..*)?').replaceAll('#', '.*')
  return new RegExp(`^${text}$`).test(key)
}

export const transientQueues: Rule = function* ({ name, spec, broker }) {
  const finding = findingsOf('transient-queue', 'error', 'queue')
  if (broker.capabilities.hasTransientQueues) return
  for (const [queue, { isDurable = true }] of Object.entries(spec.queues ?? {})) {
    if (!isDurable)
      yield finding(
        name,
        queue,
        `this broker denies queues that are not durable (deprecated feature transient_nonexcl_queues); leave isDurable out`,
      )
  }
}

/** Before 3.11 the size of a quorum queue cannot be changed over HTTP. */
export const replicasOutOfReach: Rule = function* ({ name, spec, broker }) {
  const finding = findingsOf('replicas-not-changed', 'note', 'replication')
  const finding3 = findingsOf('too-few-nodes', 'warning', 'replication')
  const nodes = broker.nodes.length
  for (const [intent, value] of Object.entries(spec.replication ?? {})) {
    if (!('replicas' in value)) continue
    if (nodes > 0 && value.replicas > nodes) {
      yield finding3(
        name,
        intent,
        `${value.replicas} replicas are wanted and the cluster has ${nodes} nodes: there will be ${nodes}`,
      )
    }
    if (broker.capabilities.canGrowQuorumQueues) continue
    yield finding(
      name,
      intent,
      `RabbitMQ ${broker.version} changes members only by "rabbitmq-queues grow" on a node; a new quorum queue gets ${Math.min(3, Math.max(1, nodes))}`,
    )
  }
}

export const queueRules: readonly Rule[] = [
  limitWithoutDeadLetters,
  weakStrategy,
  missingDeadLetterExchange,
  deadLetterCycles,
  transientQueues,
  replicasOutOfReach,
]
