import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { isWarrenError } from '../errors.ts'
import { parseEndpoints } from './endpoints.ts'

function errorOf(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}

describe('parseEndpoints', () => {
  it('fills in port, vhost and guest', () => {
    const [plain, secure] = parseEndpoints(['amqp://rabbit-1', 'amqps://rabbit-2/'])
    expect(plain).toMatchObject({ isTls: false, host: 'rabbit-1', port: 5672, vhost: '/', username: 'guest' })
    expect(secure).toMatchObject({ isTls: true, host: 'rabbit-2', port: 5671, vhost: '/' })
    expect(plain?.credentials).toEqual({ username: 'guest', password: 'guest' })
  })

  it('decodes user, password and vhost', () => {
    const [endpoint] = parseEndpoints(['amqp://us%40er:p%2Fw%25%C3%A4@[::1]:5673/a%2Fb%20c'])
    expect(endpoint).toMatchObject({ host: '::1', port: 5673, vhost: 'a/b c', label: '[::1]:5673' })
    expect(endpoint?.credentials).toEqual({ username: 'us@er', password: 'p/w%ä' })
  })

  it('uses the given credentials for endpoints that name no user', () => {
    const credentials = { username: 'service', password: 'secret' }
    const [without, own] = parseEndpoints(['amqp://a', 'amqp://me:mine@b'], credentials)
    expect(without?.credentials).toEqual(credentials)
    expect(own?.credentials).toEqual({ username: 'me', password: 'mine' })
  })

  it.each([
    ['no endpoint', []],
    ['another scheme', ['https://u:hunter2@host']],
    ['no scheme', ['u:hunter2@host:5672']],
    ['one slash', ['amqp:/u:hunter2@host']],
    ['an unencoded slash in the password', ['amqp://u:hunter2/x@host']],
    ['an unencoded hash in the password', ['amqp://u:hunter2#x@host']],
    ['a numeric password with an unencoded hash', ['amqp://u:1#hunter2@host']],
    ['an unencoded question mark in the password', ['amqp://u:1?hunter2@host']],
    ['an unencoded percent sign in the password', ['amqp://u:hunter2%zz@host']],
    ['a query', ['amqps://u:hunter2@host?heartbeat=5']],
    ['no host', ['amqp://u:hunter2@/vhost']],
    ['text', ['hunter2@']],
  ])('refuses %s and shows no password', (_what, urls) => {
    const error = errorOf(() => parseEndpoints(urls))
    expect(isWarrenError(error, 'ENDPOINT_INVALID')).toBe(true)
    expect(inspect(error, { depth: 9 }) + JSON.stringify(error)).not.toContain('hunter2')
  })

  it('never shows the password of an endpoint, however it is printed', () => {
    const [endpoint] = parseEndpoints(['amqps://service:hunter2@host/v'])
    const printed = [String(endpoint), JSON.stringify({ endpoint }), inspect(endpoint, { showHidden: true, depth: 9 })]
    for (const text of printed) expect(text).not.toContain('hunter2')
    expect(String(endpoint)).toBe('amqps://service@host:5671/v')
  })
})
