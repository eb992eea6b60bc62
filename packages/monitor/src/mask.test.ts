import { expect, it } from 'vitest'
import { Mask, MASKED } from './mask.ts'

const payload =
  '{"id":12345678901234567890,"card":{"cardNumber":"4111","name":"a"},"items":[{"price":1.50},{"price":2}]}'

it.each([
  [[], payload],
  [['nothing'], payload],
  [['card'], `{"id":12345678901234567890,"card":"${MASKED}","items":[{"price":1.50},{"price":2}]}`],
  [
    ['**.cardnumber'],
    `{"id":12345678901234567890,"card":{"cardNumber":"${MASKED}","name":"a"},"items":[{"price":1.50},{"price":2}]}`,
  ],
  [
    ['items.*.price'],
    `{"id":12345678901234567890,"card":{"cardNumber":"4111","name":"a"},"items":[{"price":"${MASKED}"},{"price":"${MASKED}"}]}`,
  ],
  [
    ['items.1.price', 'id'],
    `{"id":"${MASKED}","card":{"cardNumber":"4111","name":"a"},"items":[{"price":1.50},{"price":"${MASKED}"}]}`,
  ],
  [
    ['*.name'],
    `{"id":12345678901234567890,"card":{"cardNumber":"4111","name":"${MASKED}"},"items":[{"price":1.50},{"price":2}]}`,
  ],
])('hides by %j', (rules, expected) => {
  expect(new Mask(rules).text(payload)).toBe(expected)
})

it('hides all of what it cannot read, as soon as there is a rule', () => {
  expect(new Mask(['**.cardNumber']).text('{"cardNumber": 4111')).toBe(MASKED)
  expect(new Mask([]).text('{"cardNumber": 4111')).toBe('{"cardNumber": 4111')
})

it('hides by a name whatever its case is, and also names that objects have of themselves', () => {
  expect(new Mask(['**.CARDNUMBER']).text('{"a":{"cardNumber":1}}')).toBe(`{"a":{"cardNumber":"${MASKED}"}}`)
  expect(new Mask(['**.secret']).text('{"__proto__":{"secret":1},"constructor":2}')).toBe(
    `{"__proto__":{"secret":"${MASKED}"},"constructor":2}`,
  )
})
