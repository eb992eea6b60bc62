import { expect, it } from 'vitest'
import { PENDING_MS, PendingLogins } from './pending.ts'

const login = { nonce: 'n', codeVerifier: 'v', to: '/messages' }

it('gives a login back to the browser that began it, and once', () => {
  const pending = new PendingLogins()
  const secret = pending.add('state', login)
  expect(pending.take('state', undefined)).toBe(null)
  expect(pending.take('state', pending.add('another', login))).toBe(null)
  expect(pending.take('state', secret)).toMatchObject(login)
  expect(pending.take('state', secret)).toBe(null)
})

it('gives up a login after ten minutes', () => {
  let nowMs = 0
  const pending = new PendingLogins(() => nowMs)
  const [first, second] = [pending.add('first', login), pending.add('second', login)]
  nowMs = PENDING_MS
  expect(pending.take('first', first)).toMatchObject(login)
  nowMs++
  expect(pending.take('second', second)).toBe(null)
})

it('gives up the oldest of ten thousand', () => {
  const pending = new PendingLogins()
  const secrets = Array.from({ length: 10_001 }, (_, n) => pending.add(String(n), login))
  expect(pending.take('0', secrets[0])).toBe(null)
  expect(pending.take('1', secrets[1])).toMatchObject(login)
})
