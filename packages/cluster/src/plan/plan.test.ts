import { describe, expect, test } from 'vitest'
import { capabilitiesOf } from '../management/capabilities.ts'
import type { Definitions } from '../snapshot/definitions.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Spec, VhostSpec } from '../spec/spec.ts'
import { identityOf } from '../resources/kind.ts'
import { isSamePlan, planDocument } from './document.ts'
import { planFor } from './make-plan.ts'
import { ownershipHash } from './owned.ts'

const empty: Definitions = {
  users: [],
  vhosts: [],
  permissions: [],
  topic_permissions: [],
  parameters: [],
  global_parameters: [],
  policies: [],
  queues: [],
  exchanges: [],
  bindings: [],
}

function snapshotOf(definitions: Partial<Definitions> = {}, version = '3.10.8'): Snapshot {
  return {
    user: 'admin',
    definitions: { ...empty, ...definitions },
    vhosts: [{ name: 'shop' }],
    internalExchanges: [],
    members: new Map(),
    broker: {
      version,
      product: 'RabbitMQ',
      erlangVersion: '25',
      clusterName: 'test',
      metadataStore: 'mnesia',
      nodes: ['n1', 'n2', 'n3'].map((name) => ({ name, isRunning: true, version, type: 'disc' })),
      featureFlags: new Map(),
      deniedFeatures: new Set(),
      exchangeTypes: [],
      defaultQueueType: undefined,
      capabilities: capabilitiesOf(version, 'mnesia'),
    },
  }
}

const made = (vhost: VhostSpec, snapshot = snapshotOf()) => planFor(snapshot, { vhosts: { shop: vhost } }, new Map())
const rulesOf = (vhost: VhostSpec, snapshot = snapshotOf()) => made(vhost, snapshot).findings.map(({ rule }) => rule)
const quorum = { type: 'quorum' } as const
const classic = { type: 'classic' } as const
const ttl = { 'message-ttl': 1000 }

describe('lints', () => {
  test.each<[string, VhostSpec]>([
    [
      'pattern-misses-neighbours',
      { queues: { 'order.created': classic }, policies: { p: { pattern: '.order.', definition: ttl } } },
    ],
    ['policy-matches-nothing', { queues: { a: classic }, policies: { p: { pattern: '^b', definition: ttl } } }],
    [
      'equal-priority',
      {
        queues: { a: classic },
        policies: { p: { pattern: 'a', definition: ttl }, q: { pattern: '^a', definition: ttl } },
      },
    ],
    [
      'equal-priority',
      {
        exchanges: { a: { type: 'topic' }, x: { type: 'fanout' } },
        policies: Object.fromEntries(
          ['p', 'q'].map((name) => [name, { pattern: 'a', definition: { 'alternate-exchange': 'x' } }]),
        ),
      },
    ],
    [
      'policy-skipped',
      { queues: { a: classic }, policies: { p: { pattern: 'a', definition: { ...ttl, 'delivery-limit': 3 } } } },
    ],
    ['delivery-limit-drops', { queues: { a: { ...quorum, arguments: { 'x-delivery-limit': 3 } } } }],
    [
      'delivery-limit-drops',
      { queues: { a: quorum }, policies: { p: { pattern: 'a', definition: { 'delivery-limit': 3 } } } },
    ],
    [
      'at-least-once-falls-back',
      {
        exchanges: { dlx: { type: 'fanout' } },
        queues: {
          a: { ...quorum, arguments: { 'x-dead-letter-strategy': 'at-least-once', 'x-dead-letter-exchange': 'dlx' } },
        },
      },
    ],
    [
      'dead-letter-exchange-missing',
      { queues: { a: { ...classic, arguments: { 'x-dead-letter-exchange': 'gone' } } } },
    ],
    [
      'dead-letter-cycle',
      {
        exchanges: { dlx: { type: 'direct' } },
        queues: {
          a: { ...classic, arguments: { 'x-dead-letter-exchange': 'dlx', 'x-dead-letter-routing-key': 'b' } },
          b: { ...classic, arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'a' } },
        },
        bindings: [{ from: 'dlx', toQueue: 'b', keys: ['b'] }],
      },
    ],
    ['too-few-nodes', { queues: { a: {} }, replication: { all: { pattern: 'a', replicas: 5 } } }],
  ])('finds %s', (rule, vhost) => {
    expect(rulesOf(vhost)).toContain(rule)
  })

  test.each([
    { argument: 9, policy: 3, counts: 3 },
    { argument: 3, policy: 9, counts: 3 },
    { argument: -1, policy: 9, counts: 9 },
  ])('takes the lower delivery limit of argument $argument and policy $policy', ({ argument, policy, counts }) => {
    const vhost: VhostSpec = {
      queues: { a: { ...quorum, arguments: { 'x-delivery-limit': argument } } },
      policies: { p: { pattern: 'a', definition: { 'delivery-limit': policy } } },
    }
    const message = `after ${counts} deliveries a message is dropped: there is no dead letter exchange`
    expect(made(vhost, snapshotOf({}, '4.3.0')).findings).toEqual([expect.objectContaining({ message })])
  })

  test.each([
    ['3.13.7', []],
    [
      '4.0.5',
      ['after 20 deliveries, the default of this version, a message is dropped: there is no dead letter exchange'],
    ],
  ])('tells of the delivery limit that a quorum queue on %s has by itself', (version, messages) => {
    const unlimited = { ...quorum, arguments: { 'x-delivery-limit': -1 } }
    const { findings } = made({ queues: { a: quorum, unlimited } }, snapshotOf({}, version))
    expect(findings.map(({ message }) => message)).toEqual(messages)
  })

  test('names the dead letter exchange that is missing in a field of its own', () => {
    const vhost: VhostSpec = { queues: { a: { ...classic, arguments: { 'x-dead-letter-exchange': 'gone' } } } }
    expect(made(vhost).findings).toEqual([
      expect.objectContaining({ rule: 'dead-letter-exchange-missing', exchange: 'gone' }),
    ])
  })

  test.each<[string, string, VhostSpec]>([
    ['key-not-in-this-version', '4.0.5', { policies: { ha: { pattern: '.*', definition: { 'ha-mode': 'all' } } } }],
    [
      'key-not-in-this-version',
      '4.3.6',
      { policies: { p: { pattern: '.*', definition: { 'queue-master-locator': 'random' } } } },
    ],
    [
      'key-not-in-this-version',
      '3.10.8',
      { queues: { a: quorum }, policies: { p: { pattern: 'a', applyTo: 'quorum_queues', definition: ttl } } },
    ],
    [
      'key-not-in-this-version',
      '3.10.8',
      { queues: { a: classic }, operatorPolicies: { p: { pattern: 'a', definition: { overflow: 'reject-publish' } } } },
    ],
    ['binding-end-missing', '3.10.8', { exchanges: { x: { type: 'topic' } }, bindings: [{ from: 'x', toQueue: 'a' }] }],
    ['binding-end-missing', '3.10.8', { queues: { a: {} }, bindings: [{ from: 'x', toQueue: 'a' }] }],
    ['binding-end-missing', '4.3.0', { bindings: [{ from: 'amq.topic', toExchange: 'x' }] }],
  ])('finds %s on %s, as an error', (rule, version, vhost) => {
    const found = made(vhost, snapshotOf({}, version)).findings
    expect(found.filter(({ level }) => level === 'error').map((each) => each.rule)).toContain(rule)
  })

  test('finds a queue that is not durable where the broker denies those, and nowhere else', () => {
    const vhost: VhostSpec = { queues: { a: { isDurable: false } } }
    const { broker, ...rest } = snapshotOf({}, '4.3.6')
    const denied = new Set(['transient_nonexcl_queues'])
    const denying = { ...broker, capabilities: capabilitiesOf('4.3.6', 'khepri', denied) }
    expect(rulesOf(vhost, { ...rest, broker: denying })).toEqual(['transient-queue'])
    expect(rulesOf(vhost, { ...rest, broker })).toEqual([])
  })

  test.each<[string, 'error' | 'warning', string, Spec['nodes']]>([
    ['ram-node-refused', 'error', '4.3.0', { n2: { type: 'ram' } }],
    ['node-type-differs', 'warning', '3.10.8', { n2: { type: 'ram' } }],
    ['node-missing', 'warning', '3.10.8', { n4: {} }],
  ])('finds %s of a node, as %s on %s', (rule, level, version, nodes) => {
    const { findings } = planFor(snapshotOf({}, version), { nodes: nodes! }, new Map())
    expect(findings).toEqual([expect.objectContaining({ rule, level })])
  })

  test('says nothing about nodes that are as they should be', () => {
    const { findings } = planFor(snapshotOf(), { nodes: { n1: {}, n2: { type: 'disc' } } }, new Map())
    expect(findings).toEqual([])
  })

  test('says nothing about what is in order', () => {
    const vhost: VhostSpec = {
      exchanges: { dlx: { type: 'direct' } },
      queues: {
        'qu.order': {
          ...quorum,
          arguments: { 'x-dead-letter-exchange': 'dlx', 'x-dead-letter-routing-key': 'dead', 'x-delivery-limit': 5 },
        },
        // As classic it has no limit.
        dead: classic,
      },
      bindings: [
        { from: 'dlx', toQueue: 'dead', keys: ['dead'] },
        { from: 'amq.topic', toExchange: 'dlx' },
      ],
      policies: { p: { pattern: '^qu\\.', definition: ttl } },
    }
    expect(rulesOf(vhost)).toEqual([])
    expect(rulesOf(vhost, snapshotOf({}, '4.3.0'))).toEqual([])
  })
})

describe('what holds for a queue', () => {
  const found = {
    queues: [
      { vhost: 'shop', name: 'qu.a', durable: true, auto_delete: false, arguments: { 'x-queue-type': 'quorum' } },
    ],
    policies: [
      {
        vhost: 'shop',
        name: 'old',
        pattern: '^qu',
        'apply-to': 'queues',
        priority: 1,
        definition: { 'max-length': 5 },
      },
    ],
  }

  test('is told before and after, of queues that the spec does not name, too', () => {
    const vhost: VhostSpec = { policies: { new: { pattern: 'a$', priority: 2, definition: { 'max-length': 9 } } } }
    expect(made(vhost, snapshotOf(found)).effective).toMatchObject([
      {
        kind: 'queue',
        name: 'qu.a',
        before: { policy: 'old', definition: { 'max-length': 5 } },
        after: { policy: 'new', definition: { 'max-length': 9 } },
      },
    ])
  })

  test('takes the lower limit of policy and operator policy', () => {
    const vhost: VhostSpec = {
      operatorPolicies: { cap: { pattern: '.*', definition: { 'max-length': 3, 'message-ttl': 7 } } },
    }
    const [change] = made(vhost, snapshotOf(found)).effective
    expect(change?.after).toMatchObject({
      policy: 'old',
      operatorPolicy: 'cap',
      definition: { 'max-length': 3, 'message-ttl': 7 },
    })
  })

  test('has no limit of -1 that would be lower than that of the operator', () => {
    const vhost: VhostSpec = {
      policies: { none: { pattern: '^qu', priority: 2, definition: { 'delivery-limit': -1 } } },
      operatorPolicies: { cap: { pattern: '.*', definition: { 'delivery-limit': 5 } } },
    }
    expect(made(vhost, snapshotOf(found)).effective[0]?.after?.definition).toEqual({ 'delivery-limit': 5 })
  })

  test('is told of exchanges that a policy counts for, without operator policies', () => {
    const vhost: VhostSpec = {
      exchanges: { 'ex.a': { type: 'topic' }, 'ex.b': { type: 'topic' } },
      policies: { more: { pattern: 'a$', applyTo: 'exchanges', definition: { 'alternate-exchange': 'ex.b' } } },
      operatorPolicies: { cap: { pattern: '.*', definition: { 'max-length': 5 } } },
    }
    expect(made(vhost).effective).toMatchObject([
      {
        kind: 'exchange',
        name: 'ex.a',
        before: undefined,
        after: { policy: 'more', operatorPolicy: undefined, definition: { 'alternate-exchange': 'ex.b' } },
      },
    ])
  })

  test.each([
    ['3.10.8', true],
    ['4.0.5', false],
  ])('depends on the version: a classic queue of %s passes over queue-leader-locator: %s', (version, isSkipped) => {
    const policy = { pattern: '.*', definition: { 'queue-leader-locator': 'balanced' } }
    const rules = rulesOf({ queues: { a: classic }, policies: { policy } }, snapshotOf({}, version))
    expect(rules.includes('policy-skipped')).toBe(isSkipped)
  })

  test('passes over a policy with one key that the queue does not know, for the next one', () => {
    const vhost: VhostSpec = {
      policies: { ha: { pattern: '.*', priority: 9, definition: { 'ha-mode': 'all', 'max-length': 1 } } },
    }
    expect(made(vhost, snapshotOf(found)).effective).toEqual([])
    expect(rulesOf(vhost, snapshotOf(found))).toContain('policy-skipped')
  })
})

describe('replication', () => {
  const spec: VhostSpec = {
    queues: { 'qu.order.crm': {}, other: {} },
    replication: { ha: { pattern: '\\.order\\.', mirrored: { exactly: 2 }, sync: 'automatic' } },
  }
  const queue = (version: string) =>
    made(spec, snapshotOf({}, version)).plan.steps.find(({ name }) => name === 'qu.order.crm')?.wanted?.value

  test('mirrors classic queues by a policy where there are any', () => {
    expect(queue('3.13.7')).toMatchObject({ type: 'classic', replicas: undefined })
    const policies = made(spec).plan.steps.filter(({ kind }) => kind === 'policy')
    expect(policies.map(({ name, wanted }) => [name, wanted?.value])).toEqual([
      [
        'ha',
        {
          pattern: '\\.order\\.',
          applyTo: 'all',
          priority: 0,
          definition: { 'ha-mode': 'exactly', 'ha-params': 2, 'ha-sync-mode': 'automatic' },
        },
      ],
    ])
  })

  test('makes quorum queues of an odd number of members where there are none', () => {
    expect(queue('4.0.5')).toMatchObject({ type: 'quorum', replicas: 3 })
    expect(made(spec, snapshotOf({}, '4.0.5')).plan.steps.map(({ kind }) => kind)).not.toContain('policy')
  })

  test('leaves other queues alone', () => {
    const other = made(spec).plan.steps.find(({ name }) => name === 'other')
    expect(other?.wanted?.value).toMatchObject({ type: undefined })
  })
})

describe('a plan', () => {
  const classicQueue = { vhost: 'shop', name: 'a', durable: true, auto_delete: false, arguments: {} }

  test('says that a queue cannot become another type, and what to do', () => {
    const [step] = made({ queues: { a: quorum } }, snapshotOf({ queues: [classicQueue] })).plan.steps
    expect(step).toMatchObject({ action: 'replace', changes: [{ path: 'type', before: 'classic', after: 'quorum' }] })
    expect(step?.wayOut).toContain('drain it')
  })

  test('offers a policy for an argument that could be one', () => {
    const vhost: VhostSpec = { queues: { a: { arguments: { 'x-max-length': 5 } } } }
    expect(made(vhost, snapshotOf({ queues: [classicQueue] })).plan.steps[0]?.wayOut).toContain('set it by a policy')
  })

  test('takes an exchange that is exported without a word on being internal for one that is not', () => {
    const found = { vhost: 'shop', name: 'ex', type: 'topic', durable: true, auto_delete: false, arguments: {} }
    expect(made({ exchanges: { ex: { type: 'topic' } } }, snapshotOf({ exchanges: [found] })).plan.steps).toEqual([])
  })

  test('does only what is chosen', () => {
    const spec: Spec = { vhosts: { shop: { queues: { a: {}, b: {} }, exchanges: { a: { type: 'topic' } } } } }
    const names = (...only: string[]) =>
      planFor(snapshotOf(), spec, new Map(), { only }).plan.steps.map(({ kind, name }) => `${kind}/${name}`)
    expect(names('queue/a')).toEqual(['queue/a'])
    expect(names('queue/shop/b', 'exchange')).toEqual(['exchange/a', 'queue/b'])
  })

  test('is told from another, also after a journey through a file', () => {
    const [one, other] = [{ queues: { a: {} } }, { queues: { b: {} } }].map((vhost) => planDocument(made(vhost)))
    const read = JSON.parse(JSON.stringify(one)) as NonNullable<typeof one>
    expect(isSamePlan(read, one!)).toBe(true)
    expect(isSamePlan(read, other!)).toBe(false)
  })

  test('of 10,000 queues and 20,000 bindings has a step for each', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `qu.order.${index}`)
    const queues = Object.fromEntries(names.map((name) => [name, quorum]))
    const bindings = names.flatMap((name) => [{ from: 'ex', toQueue: name, keys: [`a.${name}`, `b.${name}`] }])
    const policies = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`p${index}`, { pattern: `^qu\\.order\\.${index}$`, definition: ttl }]),
    )
    const { plan } = made({ exchanges: { ex: { type: 'topic' } }, queues, bindings, policies })
    expect(plan.steps).toHaveLength(30_021)
  })
})

describe('only a part of the spec', () => {
  const spec: Spec = {
    vhosts: {
      shop: {
        exchanges: { ex: { type: 'topic' } },
        queues: { 'qu.a': classic },
        bindings: [{ from: 'ex', toQueue: 'qu.a' }],
      },
    },
  }
  const hashOf = (kind: string, name: string) => ownershipHash(identityOf(kind, { vhost: 'shop', name }))
  const owning = (...hashes: readonly string[]): Partial<Definitions> => ({
    global_parameters: [{ name: 'warren.owned.warren', value: { objects: hashes } }],
  })
  const queue = (name: string) => ({ vhost: 'shop', name, durable: true, auto_delete: false, arguments: {} })

  test('is applied without the rest being missed', () => {
    const { findings, plan } = planFor(snapshotOf(), spec, new Map(), { only: ['exchange/ex'] })
    expect(plan.steps.map(({ name }) => name)).toEqual(['ex'])
    expect(findings).toEqual([])
  })

  test('owns what was chosen, and what it owned before', () => {
    const found = { ...owning(hashOf('queue', 'old')), queues: [queue('old')] }
    const { plan } = planFor(snapshotOf(found), spec, new Map(), { only: ['exchange/ex'] })
    const expected = new Set([hashOf('queue', 'old'), hashOf('exchange', 'ex')])
    expect(plan.ownedAfter).toEqual(expected)
    expect(plan.claimed).toEqual(new Set([hashOf('exchange', 'ex')]))
  })

  test('owns no more what is pruned, and still what is not chosen', () => {
    const found = {
      ...owning(hashOf('queue', 'old'), hashOf('queue', 'older'), hashOf('queue', 'gone')),
      queues: [queue('old'), queue('older')],
    }
    const chosen = planFor(snapshotOf(found), {}, new Map(), { prune: true, only: ['queue/old'] }).plan
    expect(chosen.ownedAfter).toEqual(new Set([hashOf('queue', 'older')]))
    expect(planFor(snapshotOf(found), {}, new Map(), { prune: true }).plan.ownedAfter).toEqual(new Set())
    expect(planFor(snapshotOf(found), {}, new Map()).plan.ownedAfter).toEqual(
      new Set([hashOf('queue', 'old'), hashOf('queue', 'older')]),
    )
  })
})
