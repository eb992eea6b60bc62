import { expect, test } from 'vitest'
import type { QueuePlacement } from './queue.ts'
import { isSpreadable } from './rebalance.ts'

const nodes = ['n1', 'n2', 'n3']

/** A quorum queue with a member on each node, led by the first; in brackets: not online. */
function led(...members: readonly string[]): QueuePlacement {
  const told = members.map((text) => ({ node: text.replace(/[()]/g, ''), isOnline: !text.startsWith('(') }))
  return { vhost: '/', name: members.join(), type: 'quorum', leader: told[0]?.node, mirrors: [], members: told }
}

function mirrored(leader: string, node: string, isSynchronised: boolean): QueuePlacement {
  return { vhost: '/', name: 'ha', type: 'classic', leader, mirrors: [{ node, isSynchronised }], members: [] }
}

const times = (count: number, queue: QueuePlacement) => Array.from({ length: count }, () => queue)

test('a node that leads more than its share can give to a member that leads less', () => {
  const spread = [...times(2, led('n1', 'n2', 'n3')), ...times(2, led('n2', 'n1', 'n3')), ...times(2, led('n3', 'n1'))]
  expect(isSpreadable(spread, nodes)).toBe(false)
  expect(isSpreadable([...times(2, led('n1', 'n2', 'n3')), ...times(4, led('n3', 'n1', 'n2'))], nodes)).toBe(true)
  expect(isSpreadable([...times(2, led('n1', 'n2', 'n3')), ...times(4, led('n3', 'n1', '(n2)'))], nodes)).toBe(false)
})

test('no more than its share is no reason, though another node leads nothing', () => {
  expect(isSpreadable([...times(2, led('n1', 'n2', 'n3')), ...times(2, led('n2', 'n1', 'n3'))], nodes)).toBe(false)
})

test('mirrors take over when they have caught up', () => {
  expect(isSpreadable(times(3, mirrored('n1', 'n2', true)), nodes)).toBe(true)
  expect(isSpreadable(times(3, mirrored('n1', 'n2', false)), nodes)).toBe(false)
})

test('a queue that nobody leads cannot be moved', () => {
  expect(isSpreadable(times(6, { ...led('n1', 'n2', 'n3'), leader: undefined }), nodes)).toBe(false)
})
