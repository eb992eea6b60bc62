import { listed } from '../listed.ts'
import { type FindingCode, findingCodes, type Severity } from './codes.ts'

/** Something about a running cluster that a person should know. */
export interface HealthFinding {
  readonly code: FindingCode
  readonly severity: Severity
  /** Undefined for what is about the cluster as a whole. */
  readonly vhost: string | undefined
  /** The names of all that it is about: nodes, queues, policies, users. */
  readonly subjects: readonly string[]
  /** What was found, and on what. Secrets in it are masked. */
  readonly what: string
  readonly why: string
  /** What mends it, or where that takes a decision, what shows what to decide on. */
  readonly command: string
  /** The node on whose host the command must be run; undefined where any place does. */
  readonly on: string | undefined
}

interface Told {
  readonly vhost?: string
  readonly subjects: readonly string[]
  readonly what: string
  readonly command: string
  readonly on?: string
}

export function finding(code: FindingCode, { vhost, subjects, what, command, on }: Told): HealthFinding {
  const { severity, why }: { readonly severity: Severity; readonly why: string } = findingCodes[code]
  return { code, severity, vhost, subjects, what, why, command, on }
}

/** `queue "a"`, `3 queues: "a", "b", "c"`; `subjects` has them all. */
export function countedNames(noun: string, names: readonly string[]): string {
  return names.length === 1 ? `${noun} ${listed(names)}` : `${names.length} ${noun}s: ${listed(names)}`
}
