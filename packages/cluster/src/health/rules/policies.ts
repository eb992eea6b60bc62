import type { Finding } from '../../lint/finding.ts'
import { lintSnapshot } from '../../lint/lint-snapshot.ts'
import { listed } from '../../listed.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { FindingCode } from '../codes.ts'
import { commandLine } from '../command-line.ts'
import { finding } from '../finding.ts'
import type { Reading } from '../reading.ts'
import { grouped, type HealthRule } from '../rule.ts'

/** What brokers take without a word; the same rules look at a plan. */
export const policyRules: HealthRule = function* ({ snapshot, endpoint }) {
  if (snapshot === undefined) return
  for (const [, same] of grouped(lintSnapshot(snapshot), identity)) {
    const [first] = same
    if (first === undefined) continue
    const mended = byRule[first.rule]
    if (mended === undefined) continue
    const { kind, vhost = '', message, exchange } = first
    const subjects = same.map(({ name }) => name)
    const what = `${same.length === 1 ? kind : `each ${kind} of`} ${listed(subjects)}: ${message}`
    const command = mended.command({ vhost, name: first.name, snapshot, endpoint, exchange })
    yield finding(mended.code, { vhost, subjects, what, command })
  }
}

function identity({ rule, vhost, kind, message }: Finding): string {
  return JSON.stringify([rule, vhost, kind, message])
}

interface Mended {
  readonly vhost: string
  readonly name: string
  readonly exchange: string | undefined
  readonly snapshot: Snapshot
  readonly endpoint: Reading['endpoint']
}

const listPolicies = ({ vhost }: Mended): string => commandLine`rabbitmqctl list_policies -p ${vhost}`

/** Rules of the spec, such as keys that this version does not take, find nothing in what a broker has taken. */
const byRule: Readonly<
  Partial<Record<string, { readonly code: FindingCode; readonly command: (mended: Mended) => string }>>
> = {
  'dead-letter-exchange-missing': {
    code: 'dead-letter-exchange-missing',
    command: ({ exchange = '', endpoint }) =>
      commandLine`warren apply --only ${`exchange/${exchange}`} --url ${endpoint}`,
  },
  'dead-letter-cycle': {
    code: 'dead-letter-cycle',
    command: ({ vhost }) => commandLine`rabbitmqctl list_bindings -p ${vhost}`,
  },
  'delivery-limit-drops': { code: 'delivery-limit-drops', command: listPolicies },
  'at-least-once-falls-back': { code: 'at-least-once-falls-back', command: listPolicies },
  'equal-priority': { code: 'equal-priority', command: raisedPriority },
  'policy-skipped': { code: 'policy-skipped', command: listPolicies },
  'policy-matches-nothing': {
    code: 'policy-matches-nothing',
    command: ({ vhost, name }) => commandLine`rabbitmqctl clear_policy -p ${vhost} ${name}`,
  },
  'pattern-misses-neighbours': { code: 'pattern-misses-neighbours', command: listPolicies },
}

/** The same policy, one step above the others. */
function raisedPriority({ vhost, name, snapshot }: Mended): string {
  const policy = snapshot.definitions.policies.find((each) => each.vhost === vhost && each.name === name)
  if (policy === undefined) return commandLine`rabbitmqctl list_operator_policies -p ${vhost}`
  const { pattern, definition, priority, 'apply-to': target } = policy
  return commandLine`rabbitmqctl set_policy -p ${vhost} --priority ${priority + 1} --apply-to ${target} ${name} ${pattern} ${JSON.stringify(definition)}`
}
