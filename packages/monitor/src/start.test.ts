import { expect, it } from 'vitest'
import { checkSafe } from './start.ts'

const closed = { host: '127.0.0.1', hasTls: false, origin: undefined, isBehindProxy: false }

it.each([
  ['on loopback', {}, true],
  ['on loopback, by name', { host: 'localhost' }, true],
  ['on loopback, by its other address', { host: '::1' }, true],
  ['open to all', { host: '0.0.0.0' }, false],
  ['open to all, with TLS', { host: '0.0.0.0', hasTls: true }, true],
  ['behind a proxy that nobody believes', { host: '10.0.0.7', origin: 'https://warren.example.com' }, false],
  ['behind a proxy without TLS', { host: '10.0.0.7', origin: 'http://warren.example.com', isBehindProxy: true }, false],
  ['behind a proxy', { host: '10.0.0.7', origin: 'https://warren.example.com', isBehindProxy: true }, true],
  ['at a name that only looks like loopback', { host: '127.0.0.1.example.com' }, false],
])('%s, the page starts or does not', (_where, exposure, isSafe) => {
  const check = (): void => checkSafe({ ...closed, ...exposure })
  if (isSafe) expect(check).not.toThrow()
  else expect(check).toThrow(expect.objectContaining({ code: 'MONITOR_UNSAFE' }))
})
