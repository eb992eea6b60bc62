import { expect, test } from 'vitest'
import { decideSides } from './sides.ts'

test.each([
  [{}, { sent: true, received: true }],
  [
    { sent: true, received: true },
    { sent: true, received: true },
  ],
  [{ sent: true }, { sent: true, received: false }],
  [{ received: true }, { sent: false, received: true }],
  [{ entity: 'o-1' }, { sent: true, received: false }],
  [{ state: 'unroutable' }, { sent: true, received: false }],
  [{ state: 'parked' }, { sent: false, received: true }],
  [
    { subscription: 'order.crm', state: 'handled' },
    { sent: false, received: true },
  ],
] as const)('asks for %j the sides %j', (options, sides) => {
  expect(decideSides(options)).toEqual(sides)
})

test.each([
  { received: true, entity: 'o-1' },
  { sent: true, subscription: 'order.crm' },
  { sent: true, state: 'parked' },
  { subscription: 'order.crm', state: 'pending' },
] as const)('refuses %j, which no message can be', (options) => {
  expect(() => decideSides(options)).toThrow(/leave one of them out/)
})
