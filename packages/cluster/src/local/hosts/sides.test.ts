import { expect, test } from 'vitest'
import { partedPairs, sidesFrom, sidesOf } from './sides.ts'

const three = ['n1', 'n2', 'n3']

test.each([
  ['one node named is cut off from the rest', three, [['n3']], [['n3'], ['n1', 'n2']]],
  ['two sides', three, [['n1', 'n2'], ['n3']], [['n1', 'n2'], ['n3']]],
  ['each for itself', three, [['n1'], ['n2']], [['n1'], ['n2'], ['n3']]],
  [
    'those on no side stay together',
    [...three, 'n4', 'n5'],
    [['n1', 'n2'], ['n3']],
    [['n1', 'n2'], ['n3'], ['n4', 'n5']],
  ],
])('%s', (_, nodes, given, expected) => {
  expect(sidesOf(nodes, given)).toEqual(expected)
})

test.each([
  ['all on one side', [three], 'CLUSTER_INVALID', /needs two sides/],
  ['nothing', [], 'CLUSTER_INVALID', /needs two sides/],
  ['a node on two sides', [['n1', 'n2'], ['n2']], 'CLUSTER_INVALID', /n2 cannot be on two sides/],
  ['a node that is not there', [['n7']], 'NODE_UNKNOWN', /"n7"; there are n1, n2, n3/],
])('refuses %s', (_, given, code, message) => {
  expect(() => sidesOf(three, given)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
  )
})

test('parts both ways, and reads back what it parted', () => {
  const sides = [['n1', 'n2'], ['n3']]
  const pairs = partedPairs(sides)
  expect(pairs).toEqual([
    ['n1', 'n3'],
    ['n2', 'n3'],
    ['n3', 'n1'],
    ['n3', 'n2'],
  ])
  expect(sidesFrom(three, pairs)).toEqual(sides)
  expect(sidesFrom(three, [])).toEqual([three])
})
