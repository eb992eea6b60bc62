import { expect, test } from 'vitest'
import { isClusterError } from '../errors.ts'
import { checkSpec } from './parse.ts'
import { withPartitions } from './partitions.ts'
import type { VhostSpec } from './spec.ts'

const topic = { type: 'topic' } as const

test('a partitioned queue is an exchange that hashes the entity, and a quorum queue with one consumer per partition', () => {
  const vhost: VhostSpec = {
    exchanges: { 'ex.order.topic': topic },
    queues: { 'qu.order.crm': {}, 'qu.order.loyalty': { partitions: 2, arguments: { 'x-delivery-limit': 20 } } },
    bindings: [
      { from: 'ex.order.topic', toQueue: 'qu.order.crm', keys: ['order.#'] },
      { from: 'ex.order.topic', toQueue: 'qu.order.loyalty', keys: ['order.#', 'product.#'] },
    ],
    policies: { short: { pattern: '\\.order\\.', definition: { 'max-length': 5 } } },
  }
  const partition = { type: 'quorum', arguments: { 'x-delivery-limit': 20, 'x-single-active-consumer': true } }
  expect(withPartitions(vhost)).toEqual({
    exchanges: {
      'ex.order.topic': topic,
      'qu.order.loyalty': { type: 'x-consistent-hash', arguments: { 'hash-header': 'cloudEvents_subject' } },
    },
    queues: { 'qu.order.crm': {}, 'qu.order.loyalty.p0': partition, 'qu.order.loyalty.p1': partition },
    bindings: [
      { from: 'qu.order.loyalty', toQueue: 'qu.order.loyalty.p0', keys: ['1'] },
      { from: 'qu.order.loyalty', toQueue: 'qu.order.loyalty.p1', keys: ['1'] },
      { from: 'ex.order.topic', toQueue: 'qu.order.crm', keys: ['order.#'] },
      { from: 'ex.order.topic', toExchange: 'qu.order.loyalty', keys: ['order.#', 'product.#'] },
    ],
    policies: vhost.policies,
  })
})

test('another header can say which partition', () => {
  const { exchanges } = withPartitions({ queues: { a: { partitions: { count: 3, header: 'customer' } } } })
  expect(exchanges).toEqual({ a: { type: 'x-consistent-hash', arguments: { 'hash-header': 'customer' } } })
})

test('a vhost without partitions stays as it is', () => {
  const vhost: VhostSpec = { queues: { a: {} } }
  expect(withPartitions(vhost)).toBe(vhost)
})

test.each<[string, VhostSpec, RegExp]>([
  ['one alone', { queues: { a: { partitions: 1 } } }, /vhosts\.shop\.queues\.a\.partitions: .*>=2/],
  ['too many', { queues: { a: { partitions: 129 } } }, /vhosts\.shop\.queues\.a\.partitions: .*<=128/],
  ['too many, as an object', { queues: { a: { partitions: { count: 129 } } } }, /partitions\.count: .*<=128/],
  ['a half', { queues: { a: { partitions: 2.5 } } }, /partitions: /],
  ['partitions of a classic queue', { queues: { a: { partitions: 2, type: 'classic' } } }, /queues\.a\.type: .*quorum/],
  ['partitions that go by themselves', { queues: { a: { partitions: 2, isAutoDelete: true } } }, /a\.isAutoDelete/],
  ['partitions that are not durable', { queues: { a: { partitions: 2, isDurable: false } } }, /a\.isDurable/],
  [
    'a queue of a partition’s name',
    { queues: { a: { partitions: 2 }, 'a.p1': {} } },
    /queues\.a\.p1: .*partition of "a"/,
  ],
  ['an exchange of its name', { queues: { a: { partitions: 2 } }, exchanges: { a: topic } }, /exchanges\.a: .*"a"/],
])('%s cannot be', (_, shop, message) => {
  let error: unknown
  try {
    checkSpec({ vhosts: { shop } })
  } catch (thrown) {
    error = thrown
  }
  expect(isClusterError(error, 'SPEC_INVALID') && error.message).toMatch(message)
})
