import type { shop } from '../../../bus/test/support/shop.ts'
import { expect, it } from 'vitest'
import { graphOf, MOST_QUEUES } from './graph.ts'

const e = (from: string, to: string, key: string) => ({ from, to, toKind: 'exchange' as const, key })
const q = (from: string, to: string, key: string) => ({ from, to, toKind: 'queue' as const, key })
const topic = (name: string) => ({ name, type: 'topic' })

const topology = {
  exchanges: ['ex.order.topic', 'ex.product.topic', 'ex.events.topic', 'ex.warren.direct', 'amq.topic'].map(topic),
  queues: ['qu.order.crm', 'qu.audit', 'qu.product.search', 'qu.loose'].map((name) => ({ name, type: 'quorum' })),
  bindings: [
    e('ex.order.topic', 'ex.events.topic', '#'),
    e('ex.product.topic', 'ex.events.topic', '#'),
    q('ex.order.topic', 'qu.order.crm', 'order.payment.#'),
    q('ex.order.topic', 'qu.order.crm', 'order.mail.#'),
    q('ex.product.topic', 'qu.product.search', 'product.#'),
    q('ex.events.topic', 'qu.audit', '*.payment.*'),
    q('ex.warren.direct', 'qu.order.crm', 'qu.order.crm'),
  ],
}
const subscriptions = [
  { name: 'order.crm', queue: 'qu.order.crm' },
  { name: 'audit', queue: 'qu.audit' },
]

const edgesOf = (filter: Parameters<typeof graphOf>[3], known?: typeof shop) =>
  graphOf(topology, subscriptions, known, filter)
    .edges.map(({ from, to }) => `${from} > ${to}`)
    .toSorted()

it('leads from entities over exchanges and queues to subscriptions, without what Warren needs for itself', () => {
  const graph = graphOf(topology, subscriptions, undefined, {})
  expect(graph.entities).toEqual(['order', 'product'])
  expect(graph.nodes.map(({ id, column }) => `${column} ${id}`).toSorted()).toEqual([
    '0 entity order',
    '0 entity product',
    '1 exchange ex.order.topic',
    '1 exchange ex.product.topic',
    '2 exchange ex.events.topic',
    '3 queue qu.audit',
    '3 queue qu.order.crm',
    '3 queue qu.product.search',
    '4 subscription audit',
    '4 subscription order.crm',
  ])
  expect(graph.edges).toContainEqual({
    from: 'exchange ex.order.topic',
    to: 'queue qu.order.crm',
    keys: ['order.payment.#', 'order.mail.#'],
    keyCount: 2,
  })
  const whole = graphOf(topology, subscriptions, undefined, { withOwn: true })
  expect(whole.nodes.map(({ name }) => name)).toEqual(expect.arrayContaining(['ex.warren.direct', 'qu.loose']))
})

it('is that of one entity, or of what has a text in its name', () => {
  expect(edgesOf({ entity: 'product' })).toEqual([
    'entity product > exchange ex.product.topic',
    'exchange ex.events.topic > queue qu.audit',
    'exchange ex.product.topic > exchange ex.events.topic',
    'exchange ex.product.topic > queue qu.product.search',
    'queue qu.audit > subscription audit',
  ])
  expect(edgesOf({ text: 'crm' })).toEqual([
    'entity order > exchange ex.order.topic',
    'exchange ex.order.topic > queue qu.order.crm',
    'queue qu.order.crm > subscription order.crm',
  ])
  expect(edgesOf({ entity: 'none' })).toEqual([])
})

it('is not told when it is too large to be read', () => {
  const queues = Array.from({ length: MOST_QUEUES + 1 }, (_, index) => ({ name: `qu.${index}`, type: 'quorum' }))
  const bindings = queues.map(({ name }) => q('ex.order.topic', name, 'order.#'))
  const large = { ...topology, queues, bindings }
  expect(graphOf(large, [], undefined, {})).toMatchObject({
    ...{ isTooLarge: true, queueCount: MOST_QUEUES + 1, nodes: [], entities: ['order', 'product'] },
  })
  expect(graphOf(large, [], undefined, { text: 'qu.7' }).isTooLarge).toBe(false)
})
