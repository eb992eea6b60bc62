import { expect, test } from 'vitest'
import { bindingKey, queueViewOf, type WatchedBinding } from './queue-view.ts'

const binding: WatchedBinding = { source: 'ex', destination: 'qu', destinationType: 'queue', key: 'order.#' }
const place = (nodes: readonly string[], leader: string | undefined = nodes[0]) => ({
  ...{ vhost: '/', name: 'qu', type: nodes.length > 1 ? 'quorum' : 'classic', leader, mirrors: [] },
  members: nodes.length > 1 ? nodes.map((node) => ({ node, isOnline: true })) : [],
})
const downNodesOf = (nodes: readonly string[], down: readonly string[]): readonly string[] =>
  queueViewOf({ queue: 'qu', bindings: [] }, place(nodes), new Set(), (node) => !down.includes(node)).downNodes

test.each([
  [['a', 'b', 'c'], ['a'], []],
  [
    ['a', 'b', 'c'],
    ['a', 'c'],
    ['a', 'c'],
  ],
  [['a', 'b'], ['b'], ['b']],
  [['a', 'b', 'c'], ['other', 'another'], []],
  [['a'], ['a'], ['a']],
  [['a'], ['b'], []],
])('of a queue on %j with %j down, it lacks %j', (nodes, down, expected) => {
  expect(downNodesOf(nodes, down)).toEqual(expected)
})

test('a binding is the same only with the same ends and the same key', () => {
  const others: readonly WatchedBinding[] = [
    { ...binding, key: 'order.*' },
    { ...binding, destinationType: 'exchange' },
    { ...binding, source: 'qu', destination: 'ex' },
  ]
  const standing = new Set(others.map(bindingKey))
  const view = queueViewOf({ queue: 'qu', bindings: [binding, others[0]!] }, place(['a']), standing, () => true)
  expect(view).toEqual({ queue: 'qu', exists: true, absent: [binding], downNodes: [] })
})
