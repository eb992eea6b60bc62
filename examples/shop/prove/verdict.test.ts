import { expect, it } from 'vitest'
import { isExact, judge } from './verdict.ts'
import type { Fault, Reported } from './verdict.ts'

const fault: Fault = { kind: 'purge', subscription: 'order.crm', cause: 'removed', ids: ['1', '2'] }
const found = (id: string, more: Partial<Reported> = {}): Reported => ({
  subscription: 'order.crm',
  id,
  state: 'recovered',
  cause: 'removed',
  ...more,
})
const both = [found('1'), found('2')]

it('is exact when all was found with its cause, resent to that subscription, and came', () => {
  expect(isExact(judge([fault], both, both))).toBe(true)
})

it.each([
  ['one was not found', [found('1')], both],
  ['one has another cause', [found('1'), found('2', { cause: 'unknown' })], both],
  ['one did not come', [found('1'), found('2', { state: 'missing' })], both],
  ['another was called missing', [...both, found('3')], both],
  ['another subscription was', [...both, found('1', { subscription: 'loyalty' })], both],
  ['another was resent', both, [...both, { subscription: 'order.crm', id: '3' }]],
  ['another subscription got it too', both, [...both, { subscription: 'loyalty', id: '1' }]],
])('is not when %s', (_what, reported, resent) => {
  expect(isExact(judge([fault], reported, resent))).toBe(false)
})

it('is not when nothing was done: there was nothing to prove', () => {
  expect(isExact(judge([{ ...fault, ids: [] }], [], []))).toBe(false)
})
