import type { Truth } from '../demo/truth.ts'
import type { Verdict } from './verdict.ts'
import { isExact } from './verdict.ts'

export interface ProofReport {
  readonly events: number
  readonly verdict: Verdict
  /** Events that a subscriber has and the publisher's ledger has not, as it was set back: as they are, and as they were reported. */
  readonly ghosts: { readonly expected: number; readonly reported: number; readonly areTheSame: boolean }
  readonly truth: Truth
  readonly nodeKills: number
  readonly stores: string
  readonly seconds: number
}

/** Ghosts took effect, and no row of the publisher tells of them any more. */
export function isProven({ verdict, ghosts, truth }: ProofReport): boolean {
  const { lost, duplicated, parked, unroutable } = truth
  return (
    isExact(verdict) &&
    ghosts.areTheSame &&
    ghosts.expected > 0 &&
    lost + duplicated + parked + unroutable === 0 &&
    truth.ghosts === ghosts.expected
  )
}

export function jsonOf(report: ProofReport): string {
  const { verdict, truth } = report
  const { events, expected, applied, lost, duplicated, parked, unroutable } = truth
  return JSON.stringify(
    {
      isProven: isProven(report),
      publishedEvents: report.events,
      faults: verdict.faults,
      falselyMissing: verdict.falselyMissing.length,
      resends: verdict.resends,
      extraResends: verdict.extraResends.length,
      ghosts: report.ghosts,
      effects: { events, expected, applied, lost, duplicated, parked, unroutable },
      nodeKills: report.nodeKills,
      stores: report.stores,
      seconds: report.seconds,
    },
    null,
    2,
  )
}

export function textOf(report: ProofReport): readonly string[] {
  const { verdict, truth, ghosts } = report
  const lines = verdict.faults.map(({ kind, subscription, expected, found, rightCause, recovered, wrongCauses }) => {
    const wrong = Object.entries(wrongCauses).map(([cause, count]) => `${count} called ${cause}`)
    const rest = wrong.length === 0 ? '' : ` (${wrong.join(', ')})`
    return `  ${kind.padEnd(26)} ${subscription.padEnd(18)} ${String(expected).padStart(6)} taken, ${found} found, ${rightCause} with the cause${rest}, ${recovered} came`
  })
  return [
    '',
    `${report.events} events, ${truth.expected} effects expected, ${report.nodeKills} node killed, ${report.seconds} s`,
    ...lines,
    `  ${'ledger set back'.padEnd(26)} ${'product.search'.padEnd(18)} ${String(ghosts.expected).padStart(6)} ghosts, ${ghosts.reported} reported`,
    `  called missing and not:    ${verdict.falselyMissing.length}`,
    `  resent to others:          ${verdict.extraResends.length} of ${verdict.resends} resends, counted on the broker`,
    `  effects:                   ${truth.applied} of ${truth.expected}, ${truth.lost} lost, ${truth.duplicated} twice`,
    '',
    isProven(report) ? 'Exactly what was taken away was found, named, and brought.' : 'NOT PROVEN.',
  ]
}
