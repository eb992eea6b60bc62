import { expect, test } from 'vitest'
import { distributionOf, refusal } from './distribution.ts'

test.each([
  ['ID=debian\nVERSION_ID="12"', 'debian'],
  ['NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian', 'debian'],
  ['ID=linuxmint\nID_LIKE="ubuntu debian"', 'debian'],
  ['ID=fedora', 'fedora'],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"', 'fedora'],
  ['ID=alpine', 'other'],
  ['', 'other'],
] as const)('takes %j for %s', (osRelease, expected) => {
  expect(distributionOf('linux', osRelease)).toBe(expected)
})

test('knows macOS without a file', () => {
  expect(distributionOf('darwin', '')).toBe('macos')
})

test('tells every way out on a system it does not know', () => {
  const message = refusal('RabbitMQ', 'other')
  for (const way of ['dnf install', 'brew install', 'docker run', 'WARREN_RABBITMQ_SBIN', 'WARREN_ENDPOINTS']) {
    expect(message).toContain(way)
  }
  expect(refusal('PostgreSQL', 'other')).toContain('DATABASE_URL')
})

test('tells the one command on a system it knows, and nothing about others', () => {
  expect(refusal('RabbitMQ', 'macos')).toContain('brew install rabbitmq')
  expect(refusal('RabbitMQ', 'macos')).not.toContain('dnf')
  expect(refusal('PostgreSQL', 'fedora')).toContain('dnf install postgresql-server')
})
