import { expect, test } from 'vitest'
import { api, withQuery } from './path.ts'

test('encodes what is put in, and nothing else', () => {
  expect(api`queues/${'/'}/${'a b/c?d#e%'}`).toBe('queues/%2F/a%20b%2Fc%3Fd%23e%25')
  expect(api`/overview`).toBe('overview')
})

test.each(['.', '..'])('refuses the name %j, which a URL parser would walk along', (name) => {
  expect(() => api`queues/${'/'}/${name}`).toThrow(expect.objectContaining({ code: 'MANAGEMENT_INVALID' }))
})

test('adds the parameters that are there', () => {
  expect(withQuery(api`queues`, { page: 1, columns: undefined, name: 'a&b' })).toBe('queues?page=1&name=a%26b')
  expect(withQuery(api`queues?x=1`, { page: 2 })).toBe('queues?x=1&page=2')
  expect(withQuery(api`queues`, {})).toBe('queues')
})
