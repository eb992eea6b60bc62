import { expect, test } from 'vitest'
import { freeSubnets } from './addresses.ts'

test('offers every /24 of the range for tests of networks once, from any start', () => {
  expect(freeSubnets([], 0)).toHaveLength(512)
  expect(freeSubnets([], 0).at(-1)).toBe('198.19.255')
  expect(freeSubnets([], 511).slice(0, 2)).toEqual(['198.19.255', '198.18.0'])
  expect(new Set(freeSubnets([], 300)).size).toBe(512)
})

test.each([
  ['a route to the same prefix', '198.18.0.0/24', '198.18.1'],
  ['an address inside', '198.18.0.77', '198.18.1'],
  ['a smaller prefix inside', '198.18.0.128/25', '198.18.1'],
  ['a prefix around it that is written with a host part', '198.18.3.9/22', '198.18.4'],
  ['the half that some proxies take', '198.18.0.0/16', '198.19.0'],
])('keeps away from %s', (_, taken, first) => {
  expect(freeSubnets([taken], 0)[0]).toBe(first)
})

test('minds neither a default route, nor IPv6, nor neighbours', () => {
  expect(freeSubnets(['default', 'fd00::/64', '192.0.2.0/24', '198.17.255.0/24'], 0)[0]).toBe('198.18.0')
})

test('has none to offer where the whole range is routed', () => {
  expect(freeSubnets(['198.18.0.0/15'])).toEqual([])
})
