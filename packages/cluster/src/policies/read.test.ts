import { expect, test } from 'vitest'
import { tryPolicies } from './read.ts'

const policy = (name: string, pattern: string, more: object = {}, kind: 'policy' | 'operator-policy' = 'policy') => ({
  kind,
  name,
  value: { pattern, applyTo: 'all', priority: 0, definition: { expires: 1 }, ...more },
})

const objects = [
  { kind: 'queue' as const, name: 'qu.order', type: 'classic' },
  { kind: 'queue' as const, name: 'qu.mail', type: 'quorum' },
  { kind: 'exchange' as const, name: 'ex.order', type: 'exchange' },
]

const told = (policies: Parameters<typeof tryPolicies>[0]) =>
  tryPolicies(policies, objects, '3.10.8').map(({ name, counts, shadowed, skipped, ties, isTried }) => [
    name,
    counts.map((each) => each.name).join(),
    shadowed.map((each) => `${each.name}<${each.by}`).join(),
    skipped.map((each) => `${each.name}:${each.keys.join()}`).join(),
    ties.map((each) => each.name).join(),
    isTried,
  ])

test('tells for what each counts, where another counts, and what it is passed over for', () => {
  expect(
    told([
      policy('all', ''),
      policy('ha', '^qu', { priority: 5, definition: { 'ha-mode': 'all' }, applyTo: 'queues' }),
      policy('limit', 'order', { definition: { 'max-length': 1 } }, 'operator-policy'),
    ]),
  ).toEqual([
    ['ha', 'qu.order', '', 'qu.mail:ha-mode', '', true],
    ['all', 'qu.mail,ex.order', 'qu.order<ha', '', '', true],
    ['limit', 'qu.order', '', '', '', true],
  ])
})

test('says that two of one priority match, and that a pattern cannot be tried, or takes too long', () => {
  const slow = { kind: 'queue' as const, name: `${'a'.repeat(200)}!`, type: 'classic' }
  const policies = [policy('a', 'mail'), policy('b', 'mail'), policy('pcre', '(?>a)'), policy('slow', '^(a+)+$')]
  expect(told(policies)).toEqual([
    ['a', 'qu.mail', '', '', 'qu.mail', true],
    ['b', '', 'qu.mail<a', '', 'qu.mail', true],
    ['pcre', '', '', '', '', false],
    ['slow', '', '', '', '', true],
  ])
  const readings = tryPolicies(policies, [...objects, slow], '3.10.8')
  expect(readings.map(({ name, isTried }) => [name, isTried])).toContainEqual(['slow', false])
})
