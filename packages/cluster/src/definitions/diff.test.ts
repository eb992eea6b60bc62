import { expect, test } from 'vitest'
import { isClusterError } from '../errors.ts'
import { redact } from '../redaction/redact.ts'
import type { Value } from '../resources/value.ts'
import { diffDefinitions } from './diff.ts'
import { parseDefinitions } from './document.ts'

const old = {
  rabbit_version: '3.8.9',
  users: [
    { name: 'shop', password_hash: 'aGFzaA==', hashing_algorithm: 'rabbit_password_hashing_sha256', tags: 'b,a' },
  ],
  vhosts: [{ name: 'shop' }, { name: '/' }],
  queues: [{ name: 'qu', vhost: 'shop', durable: true, auto_delete: false, arguments: { 'x-a': 1, 'x-b': 2 } }],
  bindings: [
    { source: 'ex', vhost: 'shop', destination: 'qu', destination_type: 'queue', routing_key: 'a', arguments: {} },
    { source: 'ex', vhost: 'shop', destination: 'qu', destination_type: 'queue', routing_key: 'b' },
  ],
  exchanges: [{ name: 'ex', vhost: 'shop', type: 'topic', durable: true, auto_delete: false, internal: false }],
  parameters: [],
}
const recent = {
  rabbitmq_version: '4.1.2',
  rabbitmq_definition_format: 'cluster',
  product_name: 'RabbitMQ',
  vhosts: [
    { name: '/', metadata: { description: '', tags: [], default_queue_type: 'classic' }, limits: {} },
    { limits: [], name: 'shop', description: '', tags: [], default_queue_type: 'classic', metadata: {} },
  ],
  queues: [
    {
      arguments: { 'x-b': 2, 'x-a': 1, 'x-queue-type': 'classic' },
      auto_delete: false,
      durable: true,
      vhost: 'shop',
      name: 'qu',
      type: 'classic',
    },
  ],
  users: [
    {
      tags: ['a', 'b'],
      name: 'shop',
      limits: {},
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      password_hash: 'aGFzaA==',
    },
  ],
  exchanges: [{ name: 'ex', vhost: 'shop', type: 'topic', durable: true, auto_delete: false, arguments: {} }],
  bindings: old.bindings.toReversed().map((binding) => ({ ...binding, arguments: {} })),
}

test('two versions that wrote the same down do not differ', () => {
  expect(diffDefinitions(old, recent)).toEqual([])
})

test('tells what was added, removed and changed, by identity', () => {
  const queue = { ...recent.queues[0], arguments: { 'x-a': 1, 'x-b': 3 } }
  const now = {
    ...recent,
    queues: [queue],
    bindings: recent.bindings.slice(1),
    vhosts: [...recent.vhosts, { name: 'n' }],
  }
  expect(diffDefinitions(old, now)).toEqual([
    { kind: 'added', section: 'vhosts', identity: { name: 'n' }, changes: [] },
    {
      kind: 'changed',
      section: 'queues',
      identity: { vhost: 'shop', name: 'qu' },
      changes: [{ path: 'arguments.x-b', before: 2, after: 3 }],
    },
    expect.objectContaining({ kind: 'removed', section: 'bindings' }),
  ])
})

test('does not compare what one file has masked, and compares what none has', () => {
  const shovel = (uri: string, queue: string) => ({
    ...old,
    parameters: [{ vhost: '/', component: 'shovel', name: 's', value: { 'src-uri': uri, 'src-queue': queue } }],
  })
  const known = shovel('amqp://a:secret@n1', 'q')
  expect(diffDefinitions(known, redact(known) as Value)).toEqual([])
  expect(diffDefinitions(known, shovel('amqp://a:other@n1', 'q'))).toHaveLength(1)
  expect(diffDefinitions(known, shovel('amqp://a:***@n2', 'q'))).toHaveLength(1)
  expect(diffDefinitions(redact(known) as Value, shovel('amqp://a:secret@n1', 'p'))).toHaveLength(1)
})

test.each([
  ['a key of an object', { ...old, vhosts: [{ name: 'shop', novel: 1 }, { name: '/' }] }, 'novel'],
  ['a key of the file', { ...old, novel: { a: 1 } }, 'novel'],
])('compares %s that it does not know', (_, now, path) => {
  expect(diffDefinitions(old, now).flatMap(({ changes }) => changes.map((change) => change.path))).toEqual([path])
})

test('compares a section that it does not know by name, or by all that it holds', () => {
  const [a, b] = [{ novel: [{ name: 'x', on: 1 }, { k: 1 }] }, { novel: [{ k: 1 }, { name: 'x', on: 2 }, { k: 1 }] }]
  expect(diffDefinitions(a, b).map(({ kind, identity }) => [kind, identity])).toEqual([
    ['changed', { name: 'x' }],
    ['added', { k: 1 }],
  ])
})

test.each([
  ['{"users": [{"name": "canary"', 'is not JSON'],
  ['[]', 'no object'],
  ['{"a": 1}', 'none of the sections'],
  ['{"queues": {}}', '"queues" that is no list'],
  ['{"queues": [{"vhost": "/"}]}', 'has no "name"'],
  ['{"vhosts": [{"name": "a"}, {"name": "a"}]}', 'item 2 is there twice'],
])('refuses %s', (text, told) => {
  const error = (() => {
    try {
      return parseDefinitions(text, 'defs.json')
    } catch (thrown) {
      return thrown
    }
  })()
  expect(isClusterError(error, 'DEFINITIONS_INVALID')).toBe(true)
  expect(String(error)).toContain(told)
  expect(String(error)).not.toContain('canary')
})
