import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { redact, redactText } from './redact.ts'
import { Secret } from './secret.ts'

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
  expect(redactText(text)).toBe(masked)
})

test('masks fields that hold secrets, and URLs anywhere, at every depth', () => {
  const definitions = {
    users: [{ name: 'shop', password_hash: 'c2VjcmV0', tags: ['administrator'] }],
    parameters: [{ value: { uri: ['amqp://a:secret@n1', 'amqp://b:secret@n2'], 'dest-uri': 'amqp://c:secret@n3' } }],
    password: new Secret('secret'),
  }
  const shown = JSON.stringify(redact(definitions))
  expect(shown).not.toMatch(/secret|c2VjcmV0/)
  expect(shown).toContain('amqp://a:***@n1')
  expect(shown).toContain('"tags":["administrator"]')
})

test('a secret shows itself to nobody but who asks', () => {
  const secret = new Secret('hidden')
  expect([String(secret), JSON.stringify({ secret }), inspect({ secret })].join(' ')).not.toContain('hidden')
  expect(secret.reveal()).toBe('hidden')
})
