import { expect, test } from 'vitest'
import type { Value } from '../resources/value.ts'
import { checkImport } from './check-import.ts'

const target = { version: '3.10.8', exchangeTypes: ['topic', 'direct'] }
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
const queueWith = (args: Value): Value => ({ queues: [{ ...queue, name: 'new', arguments: args }] })

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

test('passes over predeclared exchanges', () => {
  const file = { exchanges: [{ name: 'amq.topic', vhost: '/', type: 'topic' }] }
  expect(checkImport(file, current, target).steps).toEqual([])
})

test.each<[string, Value, string?]>([
  ['is masked', { users: [{ name: 'u', password_hash: '***', tags: [] }] }],
  [
    'is masked',
    { parameters: [{ vhost: '/', component: 'shovel', name: 's', value: { 'src-uri': 'amqp://a:***@n' } }] },
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
  ['denied from 4.3', { queues: [{ ...queue, name: 'n', durable: false }] }, '4.3.0'],
])('tells what %s', (told, file, version = '3.10.8') => {
  const { problems } = checkImport(file, current, { ...target, version })
  expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining(told)])
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
