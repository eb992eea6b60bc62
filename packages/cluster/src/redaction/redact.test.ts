import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { isMasked } from './masked.ts'
import { redact, redactText, redactUrl } from './redact.ts'
import { Secret } from './secret.ts'
import { withoutSent } from './sent.ts'

test.each([
  ['postgres://shop:secret@db:5432/shop', 'postgres://shop:***@db:5432/shop'],
  ['amqps://shop:p%40ss@n1,', 'amqps://shop:***@n1,'],
  ['a password with @ and /: postgres://shop:se/cr@t@db/shop', 'a password with @ and /: postgres://shop:***@db/shop'],
  ['two: amqp://a:x@n1 amqp://b:y@n2', 'two: amqp://a:***@n1 amqp://b:***@n2'],
  ['postgres://shop@db/shop', 'postgres://shop@db/shop'],
  ['postgres://sec/ret@db/shop', 'postgres://***@db/shop'],
  ['postgres://db/shop?user=shop&password=secret&x=1', 'postgres://db/shop?user=shop&password=***&x=1'],
  ['postgres://db/shop is away', 'postgres://db/shop is away'],
  ["no answer of amqp://u:pa'ss@h/x today", 'no answer of amqp://u:***@h/x today'],
  ["no answer of amqps://h?password=ab'cd today", 'no answer of amqps://h?password=*** today'],
  ['amqps://h?password=ab@cd&x=1 is away', 'amqps://***&x=1 is away'],
])('masks the passwords in %j', (text, masked) => {
  expect(redactText(text)).toBe(masked)
})

test.each([
  ["amqp://u:pa'ss@h/x", 'amqp://u:***@h/x'],
  ['amqp://u:pa`ss@h/x', 'amqp://***@h/x'],
  ['amqp://u:pa<ss@h/x', 'amqp://***@h/x'],
  ['amqp://u:pa"s s@h/x', 'amqp://***@h/x'],
  ["amqps://h?password=ab'cd&x=1", 'amqps://h?password=***&x=1'],
  ['amqps://h?password=ab `"<cd&x=1', 'amqps://h?password=***&x=1'],
  ['amqps://h?password=ab@c d&x=1', 'amqps://***&x=1'],
])('masks the password of a value that is the URL %j', (url, shown) => {
  expect(redact({ uri: [url] })).toEqual({ uri: [shown] })
  expect(redact(shown)).toBe(shown)
  expect([isMasked({ uri: [url] }), isMasked({ uri: [shown] })]).toEqual([false, true])
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

test('masks what a name says is a secret: of a field, of a parameter, at the end of a path', () => {
  const document = {
    parameters: [
      { name: 'ldap_password', value: 'hidden' },
      { name: 'oauth', value: { client_secret: 'hidden', apiKey: 'hidden', issuer: 'https://id' } },
      { name: 'credentials', value: { user: 'hidden', key: ['hidden'] } },
    ],
    changes: [{ path: 'value.access-token', before: 'hidden', after: { text: 'hidden' } }],
    step: { kind: 'global-parameter', name: 'cookie', changes: [{ path: 'value', before: 'hidden', after: 'hidden' }] },
    uri: 'amqps://n1?certfile=a&password=hidden&key_password=hidden',
  }
  const shown = JSON.stringify(redact(document))
  expect(shown).not.toContain('hidden')
  expect(shown).toContain('"issuer":"https://id"')
  expect(shown).toContain('[{"path":"value","before":"***","after":"***"}]')
})

test.each(['parameters', 'global_parameters'])('masks the changes of a secret in the section %s', (section) => {
  const changes = (before: string, after: string) => [{ path: 'value', before, after }]
  expect(redact({ section, name: 'api_token', changes: changes('OLD', 'NEW') })).toEqual({
    section,
    name: 'api_token',
    changes: changes('***', '***'),
  })
})

test('shows what only sounds like a secret: a queue of such a name, and where a secret is', () => {
  const steps = [
    { kind: 'queue', name: 'qu.password.reset', changes: [{ path: 'type', before: 'classic', after: 'quorum' }] },
    { password: { env: 'SHOP_PASSWORD' } },
  ]
  expect(redact(steps)).toEqual(steps)
})

test.each([
  ['cannot parse "amqp:/u:hidden1@n1"', { value: { uri: 'amqp:/u:hidden1@n1' } }],
  ['hidden2 is too short', { password: 'hidden2' }],
  ['[{uri,"u:hid/den3"}]', [{ uri: ['amqp://u:hid%2Fden3@n1'] }]],
  ['no file hidden4', { 'src-uri': 'amqps://n1?password=hidden4' }],
  ['{bad,<<"hid\\"den5">>}', { password: 'hid"den5' }],
  ['hidden6 is too short', { client_secret: ['hidden6'] }],
  ['hidden7 is too short', { credentials: { ldap: { text: 'hidden7' } } }],
  ['hidden8 is no object', { name: 'ldap_password', value: 'hidden8' }],
  ['hidden9 is no number', { name: 'ldap_password', value: { limits: ['hidden9'] } }],
])('masks what was sent and is quoted in the answer %j', (answer, sent) => {
  expect(withoutSent(answer, sent)).toContain('***')
  expect(withoutSent(answer, sent)).not.toMatch(/hid[/\\"]*den/)
})

test.each([
  ['amqp://u:hidden@n1', 'amqp://u:***@n1'],
  ['u:hidden@n1:15672', '***@n1:15672'],
  ['http://u:hid den"@n1', 'http://***@n1'],
  ['http://n1', 'http://n1'],
])('masks all that may be a login in %j, which was meant as a URL', (text, shown) => {
  expect(redactUrl(text)).toBe(shown)
})

test('a secret shows itself to nobody but who asks', () => {
  const secret = new Secret('hidden')
  expect([String(secret), JSON.stringify({ secret }), inspect({ secret })].join(' ')).not.toContain('hidden')
  expect(secret.reveal()).toBe('hidden')
})
