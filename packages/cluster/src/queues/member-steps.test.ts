import { expect, test } from 'vitest'
import { growSteps, shrinkSteps, surplusMembers, survivableLosses } from './member-steps.ts'
import type { QueuePlacement } from './queue.ts'

/** `n1 n2 (n3)`: members in brackets are not online. */
function queue(members: string, name = 'qu'): QueuePlacement {
  const told = members.split(' ').map((text) => ({ node: text.replace(/[()]/g, ''), isOnline: !text.startsWith('(') }))
  return { vhost: '/', name, type: 'quorum', leader: told[0]?.node, mirrors: [], members: told }
}

test('a member is added where there is none', () => {
  const steps = growSteps([queue('n1 n2', 'a'), queue('n1 n2 n3', 'b')], 'n3')
  expect(steps).toEqual([
    { action: 'add', vhost: '/', name: 'a', node: 'n3', before: ['n1', 'n2'], after: ['n1', 'n2', 'n3'] },
  ])
})

test.each([
  ['n1 n2 n3', false, undefined],
  ['n1 n2 (n3)', false, undefined],
  ['n1 (n2) n3', false, /would have 1 of 2 members online, which is no majority/],
  ['n1 n2 (n4) (n5) n3', false, /would have 2 of 4 members online, which is no majority/],
  ['n1 (n2) n3', true, undefined],
  ['n1 n3', false, /would have one copy alone/],
  ['n1 n3', true, undefined],
  ['n3', true, /would be gone with all its messages/],
  ['n1 n2', false, undefined],
])('the member on n3 of %s is removed (forced: %s), or not: %s', (members, isForced, refusal) => {
  const shrink = () => shrinkSteps([queue('n1 n2 n3 n4 n5', 'a'), queue(members, 'b')], 'n3', { isForced })
  if (refusal === undefined) {
    const rest = members.split(' ').map((member) => member.replace(/[()]/g, ''))
    expect(shrink().map(({ name, after }) => [name, after])).toEqual([
      ['a', ['n1', 'n2', 'n4', 'n5']],
      // One without a member there is left alone.
      ...(rest.includes('n3') ? [['b', rest.filter((node) => node !== 'n3')]] : []),
    ])
  } else
    expect(shrink).toThrow(
      expect.objectContaining({ code: 'QUEUE_SHRINK_REFUSED', message: expect.stringMatching(refusal) as string }),
    )
})

test.each([
  [1, 0],
  [2, 0],
  [3, 1],
  [4, 1],
  [5, 2],
])('%i members may lose %i', (members, losses) => {
  expect(survivableLosses(members)).toBe(losses)
})

test.each([
  ['n1 n2 n3', 3, []],
  ['n1 n2 n3 n4 n5', 3, ['n2', 'n3']],
  ['n1 n2 n3 (n4) (n5)', 3, ['n4', 'n5']],
  ['n1 n2 n3', 1, ['n2', 'n3']],
])('of %s, led by n1, %i are left without %j', (members, wanted, surplus) => {
  expect(surplusMembers(queue(members), wanted)).toEqual(surplus)
})

test.each([
  ['n1 (n2) (n3) (n4) (n5)', 3, 'n1', /no majority/],
  ['n1 n2 n3', 1, undefined, /no leader/],
])('of %s none is removed for %i when %s leads', (members, wanted, leader, refusal) => {
  const shrink = () => surplusMembers({ ...queue(members), leader }, wanted)
  expect(shrink).toThrow(
    expect.objectContaining({ code: 'QUEUE_SHRINK_REFUSED', message: expect.stringMatching(refusal) as string }),
  )
})
