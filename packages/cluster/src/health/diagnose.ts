import type { Severity } from './codes.ts'
import type { HealthFinding } from './finding.ts'
import type { Reading } from './reading.ts'
import type { HealthRule } from './rule.ts'
import { connectionRules } from './rules/connections.ts'
import { limitRules } from './rules/limits.ts'
import { linkRules } from './rules/links.ts'
import { nodeRules } from './rules/nodes.ts'
import { notReadRules } from './rules/not-read.ts'
import { policyRules } from './rules/policies.ts'
import { queueRules } from './rules/queues.ts'
import { replicaRules } from './rules/replicas.ts'
import { userRules } from './rules/users.ts'
import { versionRules } from './rules/versions.ts'

const groups: readonly HealthRule[] = [
  nodeRules,
  limitRules,
  versionRules,
  userRules,
  connectionRules,
  replicaRules,
  queueRules,
  policyRules,
  linkRules,
  notReadRules,
]

/** From the worst to the least. */
export const severities: readonly Severity[] = ['error', 'warning', 'notice']

/** What there is to know about a cluster, the worst first. No finding says that all that was read is well. Pure. */
export function diagnose(reading: Reading): readonly HealthFinding[] {
  const findings = groups.flatMap((rule) => [...rule(reading)])
  return findings.toSorted((left, right) => severities.indexOf(left.severity) - severities.indexOf(right.severity))
}

/** True when a finding is as bad as `threshold` or worse. */
export function isAtLeastAsBad({ severity }: Pick<HealthFinding, 'severity'>, threshold: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(threshold)
}
