import { expect, it } from 'vitest'
import { handlingMsOf } from './read.ts'

it('a delivery is in hand for as long as it takes the rate to turn over what is in hand', () => {
  expect(handlingMsOf([4, 6, null, 9], [50, 50, 50, null])).toBe(100)
  expect(handlingMsOf([4, 6], [0, 0])).toBeNull()
  expect(handlingMsOf([null], [1])).toBeNull()
})
