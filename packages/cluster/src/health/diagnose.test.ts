import { describe, expect, test } from 'vitest'
import { capabilitiesOf } from '../management/capabilities.ts'
import type { Definitions } from '../snapshot/definitions.ts'
import { type FindingCode, findingCodes } from './codes.ts'
import { diagnose, isAtLeastAsBad } from './diagnose.ts'
import type { NodeReading, QueueReading, Reading } from './reading.ts'

const names = ['rabbit@n1', 'rabbit@n2', 'rabbit@n3']

/** What three nodes of 4.3.6 told, with a disk_free_limit of 2 GB and a quorum queue on each node. */
const nodes = names.map((name): NodeReading => ({
  name,
  isRunning: true,
  type: 'disc',
  isInMaintenance: false,
  hasMemoryAlarm: false,
  hasDiskAlarm: false,
  partitions: [],
  memory: { used: 145_170_432, limit: 15_165_616_128 },
  disk: { freeBytes: 82_247_344_128, limitBytes: 2_000_000_000 },
  descriptors: { used: 39, limit: 20_000 },
  sockets: undefined,
  processes: { used: 413, limit: 1_048_576 },
  netTicktimeSeconds: 60,
}))
const quorum = names.map((node, index): QueueReading => ({
  vhost: 'shop',
  name: `q${index + 1}`,
  type: 'quorum',
  state: 'running',
  isDurable: true,
  isAutoDelete: false,
  isExclusive: false,
  node,
  members: names,
  online: names,
  mirrors: [],
  synchronised: [],
  effectivePolicy: {},
  messages: 0,
  consumers: 1,
}))
const definitions: Definitions = {
  users: [],
  vhosts: [{ name: 'shop' }],
  permissions: [],
  topic_permissions: [],
  parameters: [],
  global_parameters: [],
  policies: [],
  queues: quorum.map(({ vhost, name }) => ({
    vhost,
    name,
    durable: true,
    auto_delete: false,
    // Without a limit of its own it has one of 20, and no dead letter exchange.
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': -1 },
  })),
  exchanges: [],
  bindings: [],
}
const broker = {
  version: '4.3.6',
  product: 'RabbitMQ',
  erlangVersion: '29.1.1',
  clusterName: 'shop',
  metadataStore: 'khepri' as const,
  nodes: names.map((name) => ({ name, isRunning: true, version: '4.3.6', type: 'disc' as const })),
  featureFlags: new Map([['khepri_db', { state: 'enabled' as const, stability: 'required' as const }]]),
  deniedFeatures: new Set<string>(),
  exchangeTypes: ['direct', 'fanout', 'headers', 'topic'],
  defaultQueueType: 'classic',
  capabilities: capabilitiesOf('4.3.6', 'khepri'),
}
const healthy: Reading = {
  endpoint: 'http://n1:15672',
  broker,
  nodes,
  failedChecks: [],
  partitionHandling: undefined,
  deprecatedFeaturesUsed: [],
  users: [{ name: 'warren', tags: ['administrator'], hasPassword: true, hasDefaultPassword: false }],
  doesGuestLogIn: undefined,
  queues: quorum,
  connections: [{ name: '10.0.0.9:5000 -> 10.0.0.1:5672', user: 'shop', state: 'running' }],
  links: [],
  snapshot: { broker, user: 'warren', definitions, vhosts: [], internalExchanges: [], members: new Map() },
  notRead: [],
}

const node = (change: Partial<NodeReading>): Partial<Reading> => ({
  nodes: nodes.with(1, { ...nodes[1]!, ...change }),
})
const queue = (change: Partial<QueueReading>): Partial<Reading> => ({
  queues: quorum.with(0, { ...quorum[0]!, ...change }),
})
const classic = (change: Partial<QueueReading>): Partial<Reading> =>
  queue({ type: 'classic', members: undefined, online: undefined, isAutoDelete: true, ...change })
const mirrored = (change: Partial<QueueReading>): Partial<Reading> =>
  classic({
    mirrors: ['rabbit@n2', 'rabbit@n3'],
    synchronised: ['rabbit@n2', 'rabbit@n3'],
    effectivePolicy: { 'ha-mode': 'all' },
    ...change,
  })
const defined = (change: Partial<Definitions>): Partial<Reading> => ({
  snapshot: { ...healthy.snapshot!, definitions: { ...definitions, ...change } },
})
const policy = (name: string, definition: Readonly<Record<string, unknown>>, pattern = '^q', priority = 0) => ({
  ...{ vhost: 'shop', name, pattern, definition, priority, 'apply-to': 'queues' },
})
const policies = (...list: readonly ReturnType<typeof policy>[]): Partial<Reading> => defined({ policies: list })
const failed = (check: string): Partial<Reading> => ({
  failedChecks: [{ check, node: 'rabbit@n1', reason: 'There are reasons' }],
})
const four = [...names, 'rabbit@n4']
const withNodes = (known: readonly string[], stopped: readonly string[] = []) => ({
  ...broker,
  nodes: known.map((name) => ({
    ...broker.nodes[0]!,
    name,
    ...(stopped.includes(name) ? { isRunning: false, version: undefined } : {}),
  })),
})
const mnesia = { ...broker, metadataStore: 'mnesia' as const }
const guest = { name: 'guest', tags: ['administrator'], hasPassword: true, hasDefaultPassword: true }
const link = {
  kind: 'federation link' as const,
  vhost: 'shop',
  name: 'up → ex.order',
  upstream: 'up',
  id: '5c470aa2',
  node: 'rabbit@n1',
  state: 'error',
  reason: 'econnrefused',
}
const upstream = { vhost: 'shop', component: 'federation-upstream', name: 'up', value: {} }

/** One change that trips each rule, and what else must come with it. */
const trips: Readonly<Record<FindingCode, readonly (readonly [Partial<Reading>, ...FindingCode[]])[]>> = {
  'node-down': [[node({ isRunning: false })]],
  'memory-alarm': [[node({ hasMemoryAlarm: true })]],
  'disk-alarm': [[node({ hasDiskAlarm: true })]],
  'partition-seen': [[node({ partitions: ['rabbit@n3'] })]],
  'vhost-down': [[failed('virtual-hosts')]],
  'node-not-serving': [[failed('is-in-service')], [failed('metadata-store/initialized')]],
  'node-in-maintenance': [[node({ isInMaintenance: true })]],
  'node-quorum-critical': [[failed('node-is-quorum-critical')]],
  'node-mirror-critical': [[failed('node-is-mirror-sync-critical')]],
  'ram-node': [[node({ type: 'ram' })]],
  'even-number-of-nodes': [[{ nodes: nodes.slice(0, 2) }]],
  'certificate-expiring': [[failed('certificate-expiration/1/months')]],
  'memory-high': [[node({ memory: { used: 13_000_000_000, limit: 15_165_616_128 } })]],
  'memory-limit-low': [[{ nodes: nodes.map((each) => ({ ...each, memory: { used: 1, limit: 100_000_000 } })) }]],
  'memory-limits-differ': [[node({ memory: { used: 145_170_432, limit: 8_000_000_000 } })]],
  'disk-low': [[node({ disk: { freeBytes: 3_000_000_000, limitBytes: 2_000_000_000 } })]],
  'disk-limit-default': [[node({ disk: { freeBytes: 82_247_344_128, limitBytes: 50_000_000 } })]],
  'descriptors-high': [[node({ descriptors: { used: 17_000, limit: 20_000 } })]],
  'sockets-high': [[node({ sockets: { used: 17_000, limit: 20_000 } })]],
  'processes-high': [[node({ processes: { used: 900_000, limit: 1_048_576 } })]],
  'net-ticktime-unusual': [[{ nodes: nodes.map((each) => ({ ...each, netTicktimeSeconds: 5 })) }]],
  'net-ticktime-differs': [[node({ netTicktimeSeconds: 30 })]],
  'partition-handling-ignore': [[{ broker: mnesia, partitionHandling: 'ignore' }]],
  'partition-handling-two-nodes': [
    [{ broker: mnesia, nodes: nodes.slice(0, 2), partitionHandling: 'pause_minority' }, 'even-number-of-nodes'],
  ],
  'versions-mixed': [
    [{ broker: { ...broker, nodes: broker.nodes.with(0, { ...broker.nodes[0]!, version: '4.3.5' }) } }],
  ],
  'version-unsupported': [[{ broker: { ...broker, version: '3.13.7' } }]],
  'feature-flags-disabled': [
    [{ broker: { ...broker, featureFlags: new Map([['new', { state: 'disabled', stability: 'stable' }]]) } }],
  ],
  'deprecated-feature-used': [[{ deprecatedFeaturesUsed: ['transient_nonexcl_queues'] }]],
  'guest-present': [[{ users: [...healthy.users!, { ...guest, hasDefaultPassword: false }] }]],
  'guest-default-password': [[{ users: [...healthy.users!, guest] }]],
  'guest-logs-in': [[{ users: [...healthy.users!, guest], doesGuestLogIn: true }]],
  'administrator-without-password': [[{ users: [{ ...healthy.users![0]!, hasPassword: false }] }]],
  'connections-blocked': [
    [{ connections: [{ ...healthy.connections![0]!, state: 'blocked' }] }],
    [{ connections: [{ ...healthy.connections![0]!, state: 'blocking' }] }],
  ],
  'queue-down': [[classic({ state: 'down' })], [classic({ state: 'stopped' })]],
  'queue-without-leader': [
    [queue({ node: undefined })],
    [queue({ state: 'down' })],
    [failed('quorum-queues-without-elected-leaders/all-vhosts')],
  ],
  'majority-lost': [[queue({ online: names.slice(0, 1) })], [queue({ state: 'minority' })]],
  'members-offline': [[queue({ online: names.slice(0, 2) })]],
  'few-members': [
    [queue({ members: names.slice(0, 1), online: names.slice(0, 1) })],
    [queue({ members: names.slice(0, 2), online: names.slice(0, 2) })],
    [{ ...queue({ members: four, online: four }), broker: withNodes(four) }],
  ],
  'leaders-unbalanced': [
    [{ queues: Array.from({ length: 12 }, (_, index) => ({ ...quorum[0]!, name: `q${index}` })) }],
  ],
  'mirror-unsynchronised': [[mirrored({ synchronised: ['rabbit@n2'] }), 'mirrored-queues']],
  'mirrors-missing': [
    [mirrored({ mirrors: ['rabbit@n2'], synchronised: ['rabbit@n2'] }), 'mirrored-queues'],
    [mirrored({ mirrors: [], effectivePolicy: { 'ha-mode': 'exactly', 'ha-params': 2 } }), 'mirrored-queues'],
  ],
  'mirrored-queues': [
    [mirrored({})],
    [mirrored({ mirrors: ['rabbit@n2'], effectivePolicy: { 'ha-mode': 'exactly', 'ha-params': 2 } })],
  ],
  'queue-not-replicated': [[classic({ isAutoDelete: false })]],
  'queue-without-consumers': [[queue({ messages: 3, consumers: 0 })]],
  'dead-letter-exchange-missing': [[policies(policy('dlx', { 'dead-letter-exchange': 'gone' }))]],
  'dead-letter-cycle': [
    [policies(policy('round', { 'dead-letter-exchange': '', 'dead-letter-routing-key': 'q1' }, '^q1$'))],
  ],
  'delivery-limit-drops': [
    [policies(policy('limit', { 'delivery-limit': 3 }))],
    [defined({ queues: definitions.queues.map((each) => ({ ...each, arguments: { 'x-queue-type': 'quorum' } })) })],
  ],
  'at-least-once-falls-back': [[policies(policy('strategy', { 'dead-letter-strategy': 'at-least-once' }))]],
  'equal-priority': [[policies(policy('one', { expires: 1 }), policy('two', { expires: 2 }))]],
  'policy-skipped': [[policies(policy('skipped', { expires: 1, 'queue-mode': 'lazy' }))]],
  'policy-matches-nothing': [[policies(policy('none', { expires: 1 }, '^x'))]],
  'pattern-misses-neighbours': [[policies(policy('dots', { expires: 1 }, '.order.')), 'policy-matches-nothing']],
  'federation-link-down': [[{ links: [link], ...defined({ parameters: [upstream] }) }]],
  'shovel-down': [[{ links: [{ ...link, kind: 'shovel', upstream: undefined, state: 'starting' }] }]],
  'not-read': [
    [{ notRead: [{ part: 'partition handling', kind: 'unreadable', reason: 'no API' }] }],
    [
      {
        notRead: [{ part: 'federation links', kind: 'absent', reason: '404' }],
        ...defined({ parameters: [upstream] }),
      },
    ],
  ],
  'refused-to-read': [
    [{ users: undefined, notRead: [{ part: 'users', kind: 'refused', reason: '401' }] }],
    [{ notRead: [{ part: 'queues', kind: 'failed', reason: 'no answer within 10 s' }] }],
  ],
}

const found = (change: Partial<Reading>) => diagnose({ ...healthy, ...change })

test('finds nothing in a healthy cluster', () => {
  expect(found({})).toEqual([])
})

describe.each(Object.entries(trips))('%s', (code, cases) => {
  test.each(cases.map(([change, ...others]) => ({ change, others })))(
    'is found by one change',
    ({ change, others }) => {
      const findings = found(change)
      expect(new Set(findings.map((finding) => finding.code))).toEqual(new Set([code, ...others]))
      for (const { what, command, subjects, severity } of findings) {
        expect(what).not.toBe('')
        expect(command).toMatch(/^(warren|rabbitmq[a-z]*|rabbitmq-[a-z]+|systemctl|df) -?\w/)
        expect(subjects.length).toBeGreaterThan(0)
        expect(severity).toBe(findingCodes[findings.find((each) => each.what === what)!.code].severity)
      }
    },
  )
})

describe('no finding is', () => {
  test.each<[string, Partial<Reading>]>([
    [
      'what a version or a plugin that is not there does not tell',
      { notRead: [{ part: 'shovels', kind: 'absent', reason: '404' }] },
    ],
    [
      'a link that another node runs',
      { links: [link, { ...link, node: 'rabbit@n2', state: 'running' }], ...defined({ parameters: [upstream] }) },
    ],
    ['a link whose upstream is gone', { links: [link] }],
    ['a stream that nobody reads', queue({ type: 'stream', messages: 3, consumers: 0 })],
    ['a queue that has told no consumers yet', queue({ messages: 3, consumers: undefined })],
    ['back-pressure of a connection', { connections: [{ name: 'c', user: 'shop', state: 'flow' }] }],
    ['partition handling with Khepri', { partitionHandling: 'ignore' }],
    [
      'an experimental feature flag',
      { broker: { ...broker, featureFlags: new Map([['x', { state: 'disabled', stability: 'experimental' }]]) } },
    ],
  ])('%s', (_, change) => {
    expect(found(change)).toEqual([])
  })
})

test('tells the worst first, and queues of one vhost in one finding', () => {
  const queues = quorum.map((each) => ({ ...each, messages: 2, consumers: 0 }))
  const findings = found({ queues, doesGuestLogIn: true })
  expect(findings.map(({ severity }) => severity)).toEqual(['error', 'warning'])
  expect(findings[1]).toMatchObject({
    vhost: 'shop',
    subjects: ['q1', 'q2', 'q3'],
    what: '3 queues: "q1", "q2", "q3" with 6 messages and no consumer',
  })
  expect(findings.map((finding) => isAtLeastAsBad(finding, 'error'))).toEqual([true, false])
})

test.each([
  ['grown on a node without one', names.slice(0, 1), names, [], 'grow rabbit@n2'],
  ['grown on a node that runs', names.slice(0, 1), names, ['rabbit@n2'], 'grow rabbit@n3'],
  // Other queues have no member there either, and as many as they should.
  ['grown alone', four, [...four, 'rabbit@n5'], [], 'grow rabbit@n5 q1'],
  ['shrunk where each node has one', four, four, [], 'shrink rabbit@n4'],
  ['shrunk where no other node runs', four, [...four, 'rabbit@n5'], ['rabbit@n5'], 'shrink rabbit@n4'],
])('a queue with few members is %s', (_, members, known, stopped, command) => {
  const findings = found({ ...queue({ members, online: members }), broker: withNodes(known, stopped) })
  expect(findings.map((each) => each.command)).toEqual([`warren queues ${command} --url http://n1:15672 --vhost shop`])
})

test('a queue is shrunk alone where others have three members', () => {
  const busy = quorum.map((each) => ({ ...each, node: 'rabbit@n4', members: ['rabbit@n1', 'rabbit@n2', 'rabbit@n4'] }))
  const queues = busy.with(0, { ...busy[0]!, members: four, online: four })
  const few = found({ queues, broker: withNodes(four) }).find(({ code }) => code === 'few-members')
  expect(few?.command).toBe('warren queues shrink rabbit@n1 q1 --url http://n1:15672 --vhost shop')
})

test('a queue with few members waits for a node that is stopped, where no other is without one', () => {
  const members = names.slice(0, 2)
  const findings = found({ ...queue({ members, online: members }), broker: withNodes(names, ['rabbit@n3']) })
  expect(findings).toMatchObject([{ code: 'few-members', command: 'systemctl start rabbitmq-server', on: 'rabbit@n3' }])
})

test('quotes names in commands for the shell', () => {
  const hostile = defined({ policies: [policy("it's $(reboot)", { expires: 1 }, '^x')] })
  expect(found(hostile)[0]?.command).toBe(`rabbitmqctl clear_policy -p shop 'it'\\''s $(reboot)'`)
})

test('makes the dead letter exchange that is missing, whatever its name', () => {
  const gone = 'gone", which is "new"'
  const named = policies(policy('dlx', { 'dead-letter-exchange': gone }))
  expect(found(named)[0]?.command).toBe(`warren apply --only 'exchange/${gone}' --url http://n1:15672`)
})

test('raises a policy over its equal by a whole command', () => {
  const equal = policies(policy('one', { expires: 1 }), policy('two', { expires: 2 }))
  expect(found(equal)[0]?.command).toBe(
    `rabbitmqctl set_policy -p shop --priority 1 --apply-to queues one ^q '{"expires":1}'`,
  )
})
