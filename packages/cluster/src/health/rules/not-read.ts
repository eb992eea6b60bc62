import { isAtLeast } from '../../management/version.ts'
import { finding, type HealthFinding } from '../finding.ts'
import type { NotRead, Reading } from '../reading.ts'
import { grouped, type HealthRule } from '../rule.ts'

/** What was not read is not healthy. A part that this version has no such thing of is no loss. */
export const notReadRules: HealthRule = function* (reading) {
  const relevant = reading.notRead.filter((part) => isRelevant(part, reading))
  for (const [, same] of grouped(relevant, ({ kind, reason }) => (kind === 'refused' ? kind : `${kind} ${reason}`))) {
    yield* notRead(same)
  }
}

function* notRead(same: readonly NotRead[]): Iterable<HealthFinding> {
  const [first] = same
  if (first === undefined) return
  const subjects = same.map(({ part }) => part)
  const what = `not read: ${subjects.join(', ')} (${first.reason})`
  switch (first.kind) {
    case 'refused':
      yield finding('refused-to-read', {
        subjects,
        what,
        command: 'rabbitmqctl set_user_tags USER administrator',
      })
      break
    case 'failed':
      yield finding('refused-to-read', { subjects, what, command: 'rabbitmq-diagnostics check_running' })
      break
    case 'absent':
      yield finding('not-read', {
        subjects,
        what,
        command: 'rabbitmq-plugins enable rabbitmq_federation_management rabbitmq_shovel_management',
        on: 'every node',
      })
      break
    case 'unreadable':
      yield finding('not-read', { subjects, what, command: 'rabbitmqctl environment', on: 'every node' })
  }
}

function isRelevant({ part, kind }: NotRead, { broker, snapshot }: Reading): boolean {
  if (kind !== 'absent') return true
  const hasParameter = (component: string): boolean =>
    snapshot?.definitions.parameters.some((parameter) => parameter.component === component) ?? false
  if (part === 'federation links') return hasParameter('federation-upstream')
  if (part === 'shovels') return hasParameter('shovel')
  return part === 'deprecated features' ? isAtLeast(broker.version, '3.13') : !part.startsWith('the health checks of')
}
