import { type FindingCode, findingCodes, type HealthFinding } from '@warren/cluster'
import { expect, test } from 'vitest'
import { heededOf } from './heeded.ts'

const found = (['node-down', 'members-offline', 'refused-to-read', 'not-read'] as const).map(
  (code: FindingCode): HealthFinding => ({
    ...findingCodes[code],
    code,
    vhost: undefined,
    subjects: [],
    what: '',
    command: '',
    on: undefined,
  }),
)
const codesOf = (...args: Parameters<typeof heededOf>) => heededOf(...args).findings.map(({ code }) => code)

test('heeds what is as bad as was asked for, and counts the others', () => {
  expect(codesOf(found, { severity: 'notice' })).toEqual(found.map(({ code }) => code))
  expect(codesOf(found, { severity: 'warning' })).toEqual(['node-down', 'members-offline', 'refused-to-read'])
  const counts = { untold: 1, ignored: 1 }
  expect(heededOf(found, { severity: 'warning', ignore: ['node-down'] })).toMatchObject(counts)
})

test('heeds at every severity that something was refused, until it is ignored', () => {
  expect(codesOf(found, { severity: 'error' })).toEqual(['node-down', 'refused-to-read'])
  expect(codesOf(found, { severity: 'error', ignore: ['refused-to-read'] })).toEqual(['node-down'])
})
