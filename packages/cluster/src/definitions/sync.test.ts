import { expect, test } from 'vitest'
import type { Value } from '../resources/value.ts'
import { missingIn } from './needs.ts'
import { chooseSections, ofVhost } from './sync.ts'

const shovel = { vhost: 'a', component: 'shovel', name: 's', value: {} }
const limits = { vhost: 'b', component: 'vhost-limits', name: 'limits', value: {} }
const document = {
  rabbit_version: '3.10.8',
  novel: [1],
  users: [{ name: 'u' }, { name: 'w' }],
  vhosts: [{ name: 'a' }, { name: 'b' }],
  permissions: [{ user: 'u', vhost: 'a' }],
  topic_permissions: [],
  parameters: [shovel, limits],
  queues: [
    { name: 'q', vhost: 'a' },
    { name: 'q', vhost: 'b' },
  ],
}

test.each<[string[], Value]>([
  [['queues'], { queues: document.queues }],
  [['shovels'], { parameters: [shovel] }],
  [['shovels', 'vhost-limits', 'parameters'], { parameters: [shovel, limits] }],
  [['topic-permissions', 'bindings'], { topic_permissions: [] }],
])('takes %j and nothing else', (only, chosen) => {
  expect(chooseSections(document, only)).toEqual(chosen)
})

test('takes one vhost, and the users that may enter it', () => {
  expect(ofVhost(document, 'a')).toEqual({
    users: [{ name: 'u' }],
    vhosts: [{ name: 'a' }],
    permissions: document.permissions,
    topic_permissions: [],
    parameters: [shovel],
    queues: [{ name: 'q', vhost: 'a' }],
  })
  expect(() => ofVhost(document, 'c')).toThrow(/no vhost "c"/)
})

test('names the vhost of a file of one vhost', () => {
  const file = { queues: [{ name: 'q' }], policies: [{ name: 'p', vhost: 'was' }] }
  expect(ofVhost(file, 'v')).toEqual({
    queues: [{ name: 'q', vhost: 'v' }],
    policies: [{ name: 'p', vhost: 'v' }],
  })
  expect(() => ofVhost(file, undefined)).toThrow(/--vhost/)
})

test('tells what is pointed to and not there', () => {
  const some = {
    queues: [{ vhost: 'a', name: 'q', arguments: { 'x-dead-letter-exchange': 'dead', 'x-max-length': 1 } }],
    exchanges: [{ vhost: 'a', name: 'x', arguments: { 'alternate-exchange': 'amq.fanout' } }],
    policies: [
      { vhost: 'a', name: 'p', definition: { 'dead-letter-exchange': 'dead', 'federation-upstream-set': 'all' } },
      { vhost: 'a', name: 'f', definition: { 'federation-upstream': 'up', 'alternate-exchange': 'x' } },
    ],
  }
  const told = (current: Value): string[] =>
    missingIn(some, current).map(({ label, message }) => `${label}: ${message}`)
  expect(told({ exchanges: [{ vhost: 'b', name: 'dead' }] })).toEqual([
    'exchange "dead" in vhost "a": "q", "p" point to it, and it is not there',
    'federation-upstream "up" in vhost "a": "f" point to it, and it is not there',
  ])
  const upstream = { vhost: 'a', component: 'federation-upstream', name: 'up' }
  expect(told({ exchanges: [{ vhost: 'a', name: 'dead' }], parameters: [upstream] })).toEqual([])
})
