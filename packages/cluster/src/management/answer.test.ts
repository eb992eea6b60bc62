import { expect, test } from 'vitest'
import { errorOf } from './answer.ts'

const sent = { password: 'hid"den', value: { uri: 'amqp://u:hid%5Cden@n1' } }

test.each([
  JSON.stringify({ error: 'bad_request', reason: 'the password hid"den is too weak' }),
  JSON.stringify({ error: 'bad_request', reason: { password: 'hid"den', uri: 'u:hid\\den@n1', 'hid"den': 1 } }),
  JSON.stringify(['hid"den']),
  'cannot read {"password":"hid\\"den"}',
  `${'x'.repeat(495)} hid"den`,
  JSON.stringify({ reason: `${'x'.repeat(486)} amqp://u:hidden@n1` }),
  JSON.stringify({ reason: { uri: 'amqp://u:hid"den@n1' } }),
])('shows nothing of what was sent, and of no password, of the answer %s', (text) => {
  const { message, details } = errorOf({ method: 'PUT', url: 'http://n1/api/x', status: 400, text, sent })
  expect(`${message} ${String(details['reason'])}`).not.toMatch(/hid/)
  expect(String(details['reason'])).not.toBe('')
})
