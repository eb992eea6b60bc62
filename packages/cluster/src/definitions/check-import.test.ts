import { expect, test } from 'vitest'
import type { Value } from '../resources/value.ts'
import { checkImport } from './check-import.ts'
import { withoutClusterIdentity } from './identity.ts'

const target = { version: '3.10.8', exchangeTypes: ['topic', 'direct'], plugins: new Set(['rabbit']) }
const queue = { name: 'qu', vhost: '/', durable: true, auto_delete: false, arguments: {} }
const current = {
  users: [{ name: 'shop', password_hash: 'aGFzaA==', tags: [] }],
  vhosts: [{ name: '/', metadata: { description: '', tags: [] } }],
  queues: [queue],
  policies: [{ vhost: '/', name: 'p', pattern: '', definition: { expires: 1, 'max-length': 2 }, priority: 0 }],
}
const policy = (definition: unknown, more = {}): Value => ({
  policies: [{ vhost: '/', name: 'n', pattern: '', definition, priority: 0, 'apply-to': 'queues', ...more }],
})
const queueWith = (args: Value, more = {}): Value => ({ queues: [{ ...queue, name: 'new', arguments: args, ...more }] })
const binding = (more = {}): Value => ({
  bindings: [
    {
      vhost: '/',
      source: 'amq.topic',
      destination: 'qu',
      destination_type: 'queue',
      routing_key: '',
      arguments: {},
      ...more,
    },
  ],
})

test('has nothing to do for what is there, with fields that only the broker writes', () => {
  expect(checkImport({ vhosts: [{ name: '/' }], queues: [queue] }, current, target)).toEqual({
    steps: [],
    problems: [],
  })
})

test.each<[string, string, Value]>([
  ['create', 'a new queue', queueWith({})],
  ['skip', 'a queue with another argument', { queues: [{ ...queue, arguments: { 'x-expires': 1 } }] }],
  ['overwrite', 'a policy with a key less', { policies: [{ ...current.policies[0], definition: { expires: 1 } }] }],
])('would %s %s', (action, _, file) => {
  const { steps, problems } = checkImport(file, current, target)
  expect([steps.map((step) => step.action), problems]).toEqual([[action], []])
})

test('keeps out what is another cluster’s own', () => {
  const global = (...names: string[]): Value => ({ global_parameters: names.map((name) => ({ name, value: 1 })) })
  expect(withoutClusterIdentity(global('cluster_name', 'internal_cluster_id', 'warren.owned.shop', 'mine'))).toEqual(
    global('mine'),
  )
})

test('passes over predeclared exchanges', () => {
  const file = { exchanges: [{ name: 'amq.topic', vhost: '/', type: 'topic' }] }
  expect(checkImport(file, current, target).steps).toEqual([])
})

test.each<[string, Value, string?]>([
  ['is masked', { users: [{ name: 'u', password_hash: '***', tags: [] }] }],
  [
    'is masked',
    { parameters: [{ vhost: '/', component: 'other', name: 's', value: { 'src-uri': 'amqp://a:***@n' } }] },
  ],
  ['no "tags"', { users: [{ name: 'u', password_hash: '' }] }],
  ['a password and a password_hash', { users: [{ name: 'u', password: 'a', password_hash: 'YQ==', tags: '' }] }],
  ['not base64', { users: [{ name: 'u', password_hash: 'not!', tags: [] }] }],
  ['no user "u"', { permissions: [{ user: 'u', vhost: '/' }] }],
  ['no vhost "v"', { queues: [{ ...queue, vhost: 'v' }] }],
  ['no "vhost"', { queues: [{ name: 'q' }] }],
  ['no exchange type "x-random"', { exchanges: [{ name: 'e', vhost: '/', type: 'x-random' }] }],
  ['list of pairs', policy([['expires', 1]])],
  ['no broker knows the key "max-priority"', policy({ 'max-priority': 1 })],
  ['ended with 4.0', policy({ 'ha-mode': 'all' }), '4.0.1'],
  ['needs RabbitMQ 3.12', policy({ 'consumer-timeout': 1000 }), '3.10.8'],
  ['needs RabbitMQ 3.12', policy({ expires: 1 }, { 'apply-to': 'quorum_queues' })],
  ['cannot have x-max-priority', queueWith({ 'x-queue-type': 'quorum', 'x-max-priority': 1 })],
  ['cannot have x-delivery-limit', queueWith({ 'x-queue-type': 'classic', 'x-delivery-limit': 1 })],
  ['without x-dead-letter-exchange', queueWith({ 'x-dead-letter-routing-key': 'a' })],
  ['must be durable', queueWith({ 'x-queue-type': 'stream' }, { durable: false })],
  ['cannot be auto-delete', queueWith({ 'x-queue-type': 'quorum' }, { auto_delete: true })],
  ['ended with 4.3', queueWith({ 'x-queue-master-locator': 'random' }), '4.3.0'],
  ['knows the queue type "nope"', queueWith({ 'x-queue-type': 'nope' })],
  ['x-message-ttl must be a whole number from 0', queueWith({ 'x-message-ttl': -1 })],
  ['x-expires must be a whole number from 1', queueWith({ 'x-expires': 0 })],
  ['x-max-length must be a whole number from 0', queueWith({ 'x-max-length': '10' })],
  ['x-max-priority must be a whole number from 0 to 255', queueWith({ 'x-max-priority': 256 })],
  ['x-overflow must be one of drop-head', queueWith({ 'x-overflow': 'drop' })],
  ['x-dead-letter-exchange must be a text', queueWith({ 'x-dead-letter-exchange': 1 })],
  ['x-single-active-consumer must be true or false', queueWith({ 'x-single-active-consumer': 'yes' })],
  ['stream queue cannot have x-message-ttl', queueWith({ 'x-queue-type': 'stream', 'x-message-ttl': 1 })],
  [
    'stream queue cannot have x-dead-letter-exchange',
    queueWith({ 'x-queue-type': 'stream', 'x-dead-letter-exchange': '' }),
  ],
  ['classic queue cannot have x-max-age', queueWith({ 'x-queue-type': 'classic', 'x-max-age': '7D' })],
  ['x-max-age must be like 7D', queueWith({ 'x-queue-type': 'stream', 'x-max-age': '7 days' })],
  ['no queue "no"', binding({ destination: 'no' })],
  ['no exchange "no"', binding({ source: 'no' })],
  ['no exchange "qu"', binding({ destination_type: 'exchange' })],
  ['definition is empty', policy({})],
  ['is no regular expression', policy({ expires: 1 }, { pattern: '(' })],
  ['needs the plugin rabbitmq_federation', policy({ 'federation-upstream-set': 'all' })],
  ['needs the plugin rabbitmq_shovel', { parameters: [{ vhost: '/', component: 'shovel', name: 's', value: {} }] }],
])('tells what %s', (told, file, version = '3.10.8') => {
  const { problems } = checkImport(file, current, { ...target, version })
  expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(told)])
})

test('denies queues that are not durable where the broker does', () => {
  const file = { queues: [{ ...queue, name: 'n', durable: false }] }
  const problems = (denied: string[]) => checkImport(file, current, { ...target, denied: new Set(denied) }).problems
  expect(problems([])).toEqual([])
  expect(problems(['transient_nonexcl_queues'])).toHaveLength(1)
})

test('does not lock out who imports', () => {
  const file = { users: [{ name: 'shop', password_hash: 'b3RoZXI=', tags: [] }] }
  const problems = (user: string) => checkImport(file, current, { ...target, user }).problems
  expect(problems('shop')).toEqual([expect.objectContaining({ section: 'users', name: 'shop' })])
  expect(problems('admin')).toEqual([])
  expect(checkImport({ users: current.users }, current, { ...target, user: 'shop' }).problems).toEqual([])
})

test.each<[string, Value]>([
  ['another password', { password: 'x', tags: ['administrator'] }],
  ['"administrator"', { password_hash: 'aGFzaA==', tags: ['monitoring'] }],
  ['"administrator"', { password_hash: 'aGFzaA==', tags: 'monitoring,policymaker' }],
])('refuses what would lock out who imports: %s', (told, more) => {
  const own = { name: 'admin', password_hash: 'aGFzaA==', tags: ['administrator', 'monitoring'] }
  const problems = (file: Value, user: string, vhost?: string) =>
    checkImport({ users: [file] }, { ...current, users: [own] }, { ...target, user, ...(vhost && { vhost }) }).problems
  const file = { name: 'admin', ...more }
  expect(problems(file, 'admin')).toEqual([
    { section: 'users', name: 'admin', message: expect.stringContaining(told) as string },
  ])
  expect(problems(file, 'other')).toEqual([])
  // An import into one vhost reads no users.
  expect(problems(file, 'admin', '/')).toEqual([])
  expect(problems({ ...own, tags: 'monitoring, administrator' }, 'admin')).toEqual([])
})

test('lets be what some broker takes, and what it cannot know', () => {
  const bound = { ...binding({ destination: 'new' }), ...queueWith({}) }
  const untyped = queueWith({ 'x-delivery-limit': 5, 'x-of-a-plugin': [1] })
  const pcre = policy({ expires: 1 }, { pattern: '(?>a)b++' })
  const { plugins: _, ...unknown } = target
  const shovel = { parameters: [{ vhost: '/', component: 'shovel', name: 's', value: {} }] }
  for (const file of [bound, untyped, pcre, shovel]) expect(checkImport(file, current, unknown).problems).toEqual([])
  // Exports have no internal exchanges, and their bindings.
  const internal = binding({ destination: 'internal', destination_type: 'exchange' })
  expect(checkImport(internal, { ...current, ...internal }, unknown).problems).toEqual([])
  expect(checkImport(binding({ vhost: undefined }), current, { ...unknown, vhost: '/' }).problems).toEqual([])
})

test.each(['3.10.8', '3.13.7'])('lets mirrored queues be on %s', (version) => {
  expect(checkImport(policy({ 'ha-mode': 'all' }), current, { ...target, version }).problems).toEqual([])
})

test('compares a file of one vhost with that vhost, whether it names it or not', () => {
  const check = (file: Value) => checkImport(file, { queues: [queue] }, { ...target, vhost: '/' })
  const { vhost: _, ...nameless } = queue
  expect(check({ queues: [nameless] })).toEqual({ steps: [], problems: [] })
  expect(check({ queues: [{ ...queue, vhost: 'other' }] }).problems).toHaveLength(1)
})

test('brings what is of other vhosts into none', () => {
  const problems = (file: Value) =>
    checkImport(file, { queues: [queue] }, { ...target, vhost: '/' }).problems.map(({ section, name }) => [
      section,
      name,
    ])
  const { vhost: _, ...nameless } = queue
  const value = { pattern: '', definition: { expires: 1 }, 'apply-to': 'queues', priority: 0 }
  const of = (vhost: string, name = 'p'): Value => ({ ...value, vhost, name })
  const parameter = (vhost: string): Value => ({ vhost, component: 'operator_policy', name: 'o', value })
  // The whole of a broker, of which a policy and a parameter are in another vhost.
  const whole = { vhosts: [{ name: '/' }, { name: 'b' }], queues: [queue], policies: [of('b')] }
  expect(problems({ ...whole, parameters: [parameter('b')] })).toEqual([
    ['policies', 'p'],
    ['parameters', 'o'],
  ])
  // The vhosts are not among the sections, and are seen all the same.
  expect(problems({ queues: [queue], policies: [of('b')] })).toEqual([['policies', 'p']])
  expect(problems({ queues: [nameless], policies: [of('b'), of('c', 'q')] })).toHaveLength(2)
  expect(problems({ policies: [of('b')], parameters: [parameter('c')] })).toHaveLength(2)
  // An export of one vhost by 3.10.
  expect(problems({ queues: [nameless], policies: [of('b'), of('b', 'q')], parameters: [parameter('b')] })).toEqual([])
})

test.each<[string, string, string | undefined]>([
  ['overflow', '3.10.8', 'of an operator policy needs RabbitMQ 3.12.7'],
  ['overflow', '3.13.7', undefined],
  ['queue-master-locator', '3.13.7', 'of an operator policy needs RabbitMQ 4.0'],
  ['dead-letter-exchange', '4.3.6', 'no operator policy can have the key "dead-letter-exchange"'],
  ['ha-promote-on-failure', '3.13.7', 'no operator policy can have the key "ha-promote-on-failure"'],
  ['ha-mode', '3.13.7', undefined],
  ['ha-mode', '4.0.5', 'ended with 4.0'],
  ['target-group-size', '3.12.0', 'needs RabbitMQ 3.13'],
  ['expires', '3.10.8', undefined],
  ['of-a-plugin', '3.10.8', undefined],
])('tells of %s in an operator policy on %s', (key, version, told) => {
  const value = { pattern: '', definition: { [key]: 1 }, 'apply-to': 'queues', priority: 0 }
  const file = { parameters: [{ vhost: '/', component: 'operator_policy', name: 'o', value }] }
  const { problems } = checkImport(file, current, { ...target, version })
  expect(problems.map(({ message }) => message)).toEqual(told === undefined ? [] : [expect.stringContaining(told)])
  const { policies } = policy({ [key]: 1 })
  if (key === 'overflow') expect(checkImport({ policies }, current, { ...target, version }).problems).toEqual([])
})
