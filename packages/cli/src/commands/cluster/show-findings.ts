import { type HealthFinding, severities, type Severity } from '@warren/cluster'
import { styleText } from 'node:util'
import { counted } from '../../counted.ts'
import { visible } from '../../output.ts'
import { emphasised } from '../../table.ts'

interface Found {
  readonly cluster: string
  readonly version: string
  readonly findings: readonly HealthFinding[]
  readonly untold: number
  readonly ignored: number
}

const styles = { error: 'red', warning: 'yellow', notice: 'dim' } as const

/** Findings for people, the worst first. */
export function showFindings({ cluster, version, findings, untold, ignored }: Found): string {
  const counts = severities.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length
    return count === 0 ? [] : [counted(count, severity)]
  })
  const left = [
    ...(untold === 0 ? [] : [`${untold} less severe not told (--severity notice)`]),
    ...(ignored === 0 ? [] : [`${ignored} ignored`]),
  ]
  return [
    `${emphasised('Cluster')} ${visible(cluster)}, RabbitMQ ${version}`,
    ...severities.flatMap((severity) => showGroup(severity, findings)),
    '',
    [counts.length === 0 ? 'nothing found' : counts.join(', '), ...left].join('; '),
  ].join('\n')
}

function showGroup(severity: Severity, findings: readonly HealthFinding[]): readonly string[] {
  return findings
    .filter((finding) => finding.severity === severity)
    .flatMap(({ code, vhost, what, why, command, on }) => [
      '',
      `${styleText(styles[severity], severity, { stream: process.stdout })} ${emphasised(code)}: ${oneLine(`${what}${vhost === undefined ? '' : ` (vhost "${vhost}")`}`)}`,
      `  why: ${why}`,
      `  do:  ${oneLine(command)}${on === undefined ? '' : oneLine(`    # on ${on}`)}`,
    ])
}

function oneLine(text: string): string {
  return visible(text).replace(/\s*\n\s*/g, ' ')
}
