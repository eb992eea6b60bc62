import { type HealthFinding, isAtLeastAsBad, type Severity } from '@warren/cluster'

interface Choice {
  readonly severity: Severity
  readonly ignore?: readonly string[]
}

interface Heeded {
  readonly findings: readonly HealthFinding[]
  /** Less bad than was asked for. */
  readonly untold: number
  readonly ignored: number
}

/**
 * The findings that are told and decide about the exit code. What was refused may hide what is as bad as any, and so counts at
 * every severity, unless it is ignored by name. Pure.
 */
export function heededOf(all: readonly HealthFinding[], { severity, ignore = [] }: Choice): Heeded {
  const heeded = all.filter(({ code }) => !ignore.includes(code))
  const findings = heeded.filter((finding) => finding.code === 'refused-to-read' || isAtLeastAsBad(finding, severity))
  return { findings, untold: heeded.length - findings.length, ignored: all.length - heeded.length }
}
