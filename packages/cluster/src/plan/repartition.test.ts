import { describe, expect, test } from 'vitest'
import { capabilitiesOf } from '../management/capabilities.ts'
import type { DefinedBinding, DefinedQueue, Definitions } from '../snapshot/definitions.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { VhostSpec } from '../spec/spec.ts'
import { planDocument } from './document.ts'
import { type MadePlan, planFor } from './make-plan.ts'
import { OWNED_PREFIX, ownershipHash } from './owned.ts'
import type { PlanOptions } from './plan.ts'

const queue = 'qu.order.loyalty'
const names = (count: number) => Array.from({ length: count }, (_, index) => `${queue}.p${index}`)
const specOf = (count: number): VhostSpec => ({
  exchanges: { 'ex.order.topic': { type: 'topic' } },
  queues: { [queue]: { partitions: count } },
  bindings: [{ from: 'ex.order.topic', toQueue: queue, keys: ['order.#'] }],
})

/** A broker that a spec with so many partitions was applied to. */
function snapshotOf(count: number, exchangeTypes: readonly string[] = [], version = '4.3.6'): Snapshot {
  const vhost = 'shop'
  const exchange = { vhost, durable: true, auto_delete: false, internal: false }
  const binding = { vhost, arguments: {} }
  const queueArguments = { 'x-queue-type': 'quorum', 'x-single-active-consumer': true }
  const bindings: DefinedBinding[] = [
    ...names(count).map((destination) => ({
      ...binding,
      source: queue,
      destination,
      destination_type: 'queue' as const,
      routing_key: '1',
    })),
    { ...binding, source: 'ex.order.topic', destination: queue, destination_type: 'exchange', routing_key: 'order.#' },
  ]
  const owned = [
    ...names(count).map((name) => ownershipHash(JSON.stringify(['queue', vhost, name]))),
    ...names(count).map((name) => ownershipHash(JSON.stringify(['binding', vhost, `${queue} → ${name} (1)`]))),
  ]
  const definitions: Definitions = {
    users: [],
    vhosts: [],
    permissions: [],
    topic_permissions: [],
    parameters: [],
    global_parameters: [{ name: `${OWNED_PREFIX}warren`, value: { objects: owned } }],
    policies: [],
    queues: names(count).map((name): DefinedQueue => ({
      vhost,
      name,
      durable: true,
      auto_delete: false,
      arguments: queueArguments,
    })),
    exchanges: [
      { ...exchange, name: 'ex.order.topic', type: 'topic', arguments: {} },
      { ...exchange, name: queue, type: 'x-consistent-hash', arguments: { 'hash-header': 'cloudEvents_subject' } },
    ],
    bindings: count === 0 ? [] : bindings,
  }
  const metadataStore = version.startsWith('4.3') ? 'khepri' : 'mnesia'
  return {
    user: 'admin',
    definitions,
    vhosts: [{ name: vhost }],
    internalExchanges: [],
    members: new Map(),
    broker: {
      version,
      product: 'RabbitMQ',
      erlangVersion: '27',
      clusterName: 'test',
      metadataStore,
      nodes: [],
      featureFlags: new Map(),
      deniedFeatures: new Set(),
      exchangeTypes,
      defaultQueueType: undefined,
      capabilities: capabilitiesOf(version, metadataStore),
    },
  }
}

const made = (snapshot: Snapshot, vhost: VhostSpec, options: PlanOptions = {}): MadePlan =>
  planFor(snapshot, { vhosts: { shop: vhost } }, new Map(), options)
const changeOf = (before: number, after: number, options: PlanOptions = {}) =>
  made(snapshotOf(before), specOf(after), options).plan.repartitions

describe('partitions of a queue', () => {
  test('that are there change nothing', () => {
    expect(made(snapshotOf(8), specOf(8)).plan).toMatchObject({ steps: [], orphans: [], repartitions: [] })
  })

  test('that are new are no change of those that are there: nothing waits', () => {
    const { plan } = made(snapshotOf(0), specOf(8))
    expect(plan.steps.filter(({ kind }) => kind === 'queue')).toHaveLength(8)
    expect(plan.repartitions).toEqual([])
  })

  test('become more, with the order in which to drain', () => {
    expect(changeOf(8, 12)).toEqual([
      { vhost: 'shop', queue, before: names(8), after: names(12), sources: ['ex.order.topic'] },
    ])
    const { repartitions } = planDocument(made(snapshotOf(8), specOf(12)))
    expect(repartitions).toMatchObject([{ queue, before: 8, after: 12 }])
    expect(repartitions[0]?.drainOrder.map((step) => /^(stop|wait|apply|start)/.exec(step)?.[0])).toEqual([
      'stop',
      'wait',
      'apply',
      'start',
    ])
    expect(repartitions[0]?.drainOrder.join(' ')).toMatch(
      /"ex\.order\.topic".* qu\.order\.loyalty\.p0 to qu\.order\.loyalty\.p7/,
    )
  })

  test('become fewer by pruning alone', () => {
    expect(changeOf(8, 4)).toEqual([])
    expect(changeOf(8, 4, { prune: true })).toMatchObject([{ before: names(8), after: names(4) }])
  })

  test('are not changed by a plan that leaves their bindings out', () => {
    expect(changeOf(8, 12, { only: ['queue'] })).toEqual([])
    expect(changeOf(8, 12, { only: ['binding'] })).toHaveLength(1)
  })
})

describe('lints', () => {
  const rules = (snapshot: Snapshot, vhost: VhostSpec) =>
    made(snapshot, vhost).findings.map(({ level, rule, message }) => `${level} ${rule}: ${message}`)

  test('find an exchange type whose plugin is not enabled', () => {
    const errors = (...types: string[]) => rules(snapshotOf(0, types), specOf(2)).filter((rule) => /^error/.test(rule))
    const [finding, ...others] = errors('topic')
    expect(finding).toMatch(
      /^error exchange-type-missing: .*"rabbitmq-plugins enable rabbitmq_consistent_hash_exchange"/,
    )
    expect(others).toEqual([])
    expect(errors('topic', 'x-consistent-hash')).toEqual([])
    expect(rules(snapshotOf(0, ['topic']), { exchanges: { a: { type: 'x-own' } } })[0]).toMatch(
      /the plugin that has it/,
    )
  })

  test('tell of no place of an entity where the metadata store is not known', () => {
    const { broker, ...rest } = snapshotOf(0, [], '3.13.7')
    const told = rules({ ...rest, broker: { ...broker, metadataStore: undefined, featureFlags: undefined } }, specOf(2))
    expect(told).toEqual([])
  })

  test('tell where the place of an entity is kept in memory', () => {
    expect(rules(snapshotOf(0, [], '3.10.8'), specOf(2))).toEqual([
      expect.stringMatching(/^note partitions-in-memory: /),
    ])
  })

  test('find a key that upstreams of this version do not know', () => {
    const vhost: VhostSpec = { federationUpstreams: { a: { uri: 'amqp://', 'queue-type': 'quorum' } } }
    expect(rules(snapshotOf(0, [], '3.10.8'), vhost)[0]).toMatch(/^error key-not-in-this-version: .*from 3\.13\.1/)
    expect(rules(snapshotOf(0), vhost)).toEqual([])
  })
})
