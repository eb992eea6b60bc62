import fc from 'fast-check'
import { expect, it } from 'vitest'
import { digestsOf } from '../../test/support/reconciliation-model.ts'
import { leastIdAt } from '../store/ids.ts'
import { compareDigests, compareIds } from './compare.ts'

const always = () => true
const range = { fromMs: 1_000, toMs: 2_000 }
const names = ['order.payment.onPaid', 'order.creation.onCreated', 'product.price.onChanged']
const event = fc.record({
  id: fc
    .tuple(fc.integer({ min: 1_000, max: 1_999 }), fc.bigInt({ min: 0n, max: 2n ** 48n - 1n }))
    .map(([ms, tail]) => `${leastIdAt(ms).slice(0, 24)}${tail.toString(16).padStart(12, '0')}`),
  name: fc.constantFrom(...names),
})
const events = fc.uniqueArray(event, { selector: ({ id }) => id, maxLength: 30 })
const digests = (keys: Parameters<typeof digestsOf>[0]) => digestsOf(keys, [range])[0]?.digests ?? []

it('digests are equal exactly when the expected events are, in whatever order', () => {
  fc.assert(
    fc.property(events, fc.subarray(names), fc.nat(), (sent, wanted, at) => {
      const expects = (name: string) => wanted.includes(name)
      const received = sent.toReversed()
      expect(compareDigests(digests(sent), digests(received), expects).isEqual).toBe(true)
      const [gone] = received.splice(sent.length === 0 ? 0 : at % sent.length, 1)
      const isNoticed = gone !== undefined && expects(gone.name)
      expect(compareDigests(digests(sent), digests(received), expects).isEqual).toBe(!isNoticed)
      expect(compareDigests(digests(received), digests(sent), expects).isEqual).toBe(!isNoticed)
      expect(compareIds(sent, received, expects).missing).toEqual(isNoticed ? [gone] : [])
      expect(compareIds(received, sent, expects).extra).toEqual(gone === undefined ? [] : [gone])
    }),
  )
})

it('the same ids under another name are not equal', () => {
  const digest = { count: 2, xor: 'ff' }
  expect(compareDigests([{ name: 'a', ...digest }], [{ name: 'b', ...digest }], always).isEqual).toBe(false)
  expect(compareDigests([{ name: 'a', ...digest }], [{ name: 'b', ...digest }], (name) => name === 'c')).toEqual({
    isEqual: true,
    expected: 0,
  })
})

it('as many others are not equal', () => {
  const sent = [{ name: 'a', count: 2, xor: 'ff' }]
  expect(compareDigests(sent, [{ name: 'a', count: 2, xor: 'fe' }], always)).toEqual({ isEqual: false, expected: 2 })
  expect(compareDigests(sent, [{ name: 'a', count: 4, xor: 'ff' }], always).isEqual).toBe(false)
})
