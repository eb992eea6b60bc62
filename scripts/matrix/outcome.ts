/** What became of one version. A version of which no test ran is `not run`, whatever the reason: it has not passed. */
export type Outcome = Ran | { readonly kind: 'not run'; readonly version: string; readonly why: string }

export interface Ran extends Counts {
  readonly kind: 'ran'
  readonly version: string
  /** `4.3.6` */
  readonly broker: string
  readonly seconds: number
}

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** As much of the report of vitest's JSON reporter as is counted. */
export interface Report {
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

/** A file that cannot be loaded, or whose hooks fail, has no failed test to count: it counts as one itself. */
export function countTests(report: Report): Counts {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const { status, assertionResults } of report.testResults) {
    for (const test of assertionResults) {
      counts[test.status === 'passed' ? 'passed' : test.status === 'failed' ? 'failed' : 'skipped']++
    }
    if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) counts.failed++
  }
  return counts
}

/**
 * What a run of vitest means. Without a report, or when it ended badly although no test failed (an error outside of tests), it
 * has failed.
 */
export function outcomeOf(
  run: {
    readonly version: string
    readonly broker: string
    readonly seconds: number
    readonly exitCode: number | null
  },
  report: Report | undefined,
): Outcome {
  const { exitCode, ...about } = run
  const counts = report === undefined ? { passed: 0, failed: 1, skipped: 0 } : countTests(report)
  if (exitCode === 0 && counts.passed + counts.failed === 0) {
    return { kind: 'not run', version: run.version, why: 'no test was executed' }
  }
  const failed = exitCode === 0 ? counts.failed : Math.max(counts.failed, 1)
  return { kind: 'ran', ...about, ...counts, failed }
}

/** 1 when something failed, else 2 when something was not run, else 0. */
export function exitCodeOf(outcomes: readonly Outcome[]): 0 | 1 | 2 {
  if (outcomes.some((outcome) => outcome.kind === 'ran' && outcome.failed > 0)) return 1
  return outcomes.length === 0 || outcomes.some((outcome) => outcome.kind === 'not run') ? 2 : 0
}

/** The report for people; its last line can be read by a script. */
export function table(outcomes: readonly Outcome[]): string {
  const head = ['VERSION', 'PASSED', 'FAILED', 'SKIPPED', 'TIME', 'BROKER']
  const lines = outcomes.map((outcome) =>
    outcome.kind === 'not run'
      ? [outcome.version, `not run: ${outcome.why}`]
      : [
          outcome.version,
          ...[outcome.passed, outcome.failed, outcome.skipped].map(String),
          `${Math.round(outcome.seconds)} s`,
          outcome.broker,
        ],
  )
  const widths = head.map((heading, column) =>
    Math.max(heading.length, ...lines.filter((cells) => cells.length > 2).map((cells) => (cells[column] ?? '').length)),
  )
  widths[0] = Math.max(...[head, ...lines].map(([version = '']) => version.length))
  const text = [head, ...lines].map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const ran = outcomes.filter((outcome) => outcome.kind === 'ran')
  const total = (count: keyof Counts) => ran.reduce((sum, outcome) => sum + outcome[count], 0)
  const skipped = total('skipped') > 0 ? `, ${total('skipped')} skipped` : ''
  const missing = outcomes.length - ran.length
  return [
    ...text,
    '',
    ...(missing === 0 ? [] : [`${missing} of ${outcomes.length} versions NOT RUN`]),
    `${total('passed')} passed, ${total('failed')} failed${skipped}`,
    '',
  ].join('\n')
}
