import { expect, test } from 'vitest'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { adopt } from './adopt.ts'
import { parseSpec } from './parse.ts'

const globalParameters = [
  { name: 'identity', value: { client_secret: 'hidden1', issuer: 'https://id' } },
  { name: 'ldap_password', value: 'hidden2' },
  { name: 'place', value: { url: 'https://user:hidden3@id', key: 'amqps://n1?password=hidden4&x=1' } },
  { name: 'odd', value: { spaced: 'amqps://n1?password=hidden 5&x=1', empty: 'amqps://n1?password=' } },
]

test('makes variables of secrets, with which the spec says what the broker has', () => {
  // Only what is read of a broker without vhosts.
  const snapshot = {
    broker: { clusterName: 'shop' },
    definitions: { users: [], global_parameters: globalParameters },
    vhosts: [],
  } as unknown as Snapshot
  const { yaml, variables } = adopt(snapshot)
  expect(yaml).not.toContain('hidden')
  expect(variables).toEqual(['SECRET_1', 'SECRET_2', 'URI_PASSWORD_3', 'URI_PASSWORD_4', 'URI_PASSWORD_5'])
  const env = {
    ...Object.fromEntries(variables.map((name) => [name, `hidden${name.slice(-1)}`])),
    URI_PASSWORD_5: 'hidden 5',
  }
  const expected = Object.fromEntries(globalParameters.map(({ name, value }) => [name, value]))
  expect(parseSpec(yaml, { env }).globalParameters).toEqual(expected)
})
