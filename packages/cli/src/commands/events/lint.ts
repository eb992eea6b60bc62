import type { LintFinding } from '@warren/bus'
import { lint } from '@warren/bus'
import type { Command } from 'commander'
import { counted } from '../../counted.ts'
import { exitCodes } from '../../exit-codes.ts'
import { sessionOf } from '../../session.ts'
import { table } from '../../table.ts'
import { configuredSubscriptions } from './subscriptions.ts'

interface LintOptions {
  readonly strict?: true
}

export function addEventsLint(parent: Command): void {
  parent
    .command('lint')
    .summary('patterns that take less than was meant')
    .description(
      'Checks the patterns of the configured subscriptions against the catalog: those that match nothing, miss scoped forms, or spell out one event, and events that nobody takes. Exits 2 on errors.',
    )
    .option('--strict', 'exit 2 on warnings, too')
    .addHelpText('after', '\nExample:\n  $ warren events lint --strict')
    .action(run)
}

async function run(options: LintOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const findings = lint(await session.need('catalog'), await configuredSubscriptions(session))
  const counts = countLevels(findings)
  session.output.result({ findings, ...counts }, () =>
    [...(findings.length === 0 ? [] : [table(columns, findings), '']), summary(counts)].join('\n'),
  )
  if (counts.errors > 0 || (options.strict === true && counts.warnings > 0)) process.exitCode = exitCodes.findings
}

interface Counts {
  readonly errors: number
  readonly warnings: number
  readonly notes: number
}

function countLevels(findings: readonly LintFinding[]): Counts {
  const count = (level: LintFinding['level']): number => findings.filter((finding) => finding.level === level).length
  return { errors: count('error'), warnings: count('warning'), notes: count('note') }
}

function summary({ errors, warnings, notes }: Counts): string {
  return [counted(errors, 'error'), counted(warnings, 'warning'), counted(notes, 'note')].join(', ')
}

const columns = [
  { heading: 'level', cell: (finding: LintFinding) => finding.level },
  { heading: 'rule', cell: (finding: LintFinding) => finding.rule },
  { heading: 'finding', cell: (finding: LintFinding) => finding.message },
]
