import { listed } from '../../listed.ts'
import { finding } from '../finding.ts'
import type { HealthRule } from '../rule.ts'

/** `flow` is everyday back-pressure and comes and goes; `blocked` and `blocking` wait for an alarm to end. */
export const connectionRules: HealthRule = function* ({ connections = [] }) {
  const blocked = connections.filter(({ state }) => state === 'blocked' || state === 'blocking')
  if (blocked.length === 0) return
  yield finding('connections-blocked', {
    subjects: blocked.map(({ name }) => name),
    what: `${blocked.length} of ${connections.length} connections are blocked, of ${listed([...new Set(blocked.map(({ user }) => user))])}`,
    command: 'rabbitmq-diagnostics alarms',
  })
}
