import { expect, test } from 'vitest'
import { maskPasswords } from './mask.ts'

test.each([
  ['postgres://shop:secret@db:5432/shop', 'postgres://shop:***@db:5432/shop'],
  ['amqps://shop:p%40ss@n1,', 'amqps://shop:***@n1,'],
  ['a password with @ and /: postgres://shop:se/cr@t@db/shop', 'a password with @ and /: postgres://shop:***@db/shop'],
  ['two: amqp://a:x@n1 amqp://b:y@n2', 'two: amqp://a:***@n1 amqp://b:***@n2'],
  ['postgres://shop@db/shop', 'postgres://shop@db/shop'],
  ['postgres://sec/ret@db/shop', 'postgres://***@db/shop'],
  ['postgres://db/shop?user=shop&password=secret&x=1', 'postgres://db/shop?user=shop&password=***&x=1'],
  ['postgres://db/shop is away', 'postgres://db/shop is away'],
])('masks the passwords in %j', (text, masked) => {
  expect(maskPasswords(text)).toBe(masked)
})
