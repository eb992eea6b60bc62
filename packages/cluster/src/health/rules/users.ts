import { commandLine } from '../command-line.ts'
import { finding } from '../finding.ts'
import type { HealthRule } from '../rule.ts'

/** Who could be an administrator that should not be one. */
export const userRules: HealthRule = function* ({ users = [], doesGuestLogIn }) {
  const command = 'rabbitmqctl delete_user guest'
  const guest = users.find(({ name }) => name === 'guest')
  if (doesGuestLogIn === true) {
    yield finding('guest-logs-in', {
      subjects: ['guest'],
      what: 'guest could log in with its default password',
      command,
    })
  } else if (guest?.hasDefaultPassword === true) {
    yield finding('guest-default-password', { subjects: ['guest'], what: 'guest has its default password', command })
  } else if (guest !== undefined) {
    yield finding('guest-present', {
      subjects: ['guest'],
      what: 'there is a user guest, with a password of its own',
      command,
    })
  }
  for (const { name, tags, hasPassword } of users) {
    if (!tags.includes('administrator') || hasPassword) continue
    yield finding('administrator-without-password', {
      subjects: [name],
      what: `the administrator "${name}" has no password`,
      command: commandLine`rabbitmqctl change_password ${name}`,
    })
  }
}
