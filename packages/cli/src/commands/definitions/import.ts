import { blockingIn, importDefinitions, planImport } from '@warren/cluster'
import type { Command } from 'commander'
import { Option } from 'commander'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { exitCodes } from '../../exit-codes.ts'
import { collected } from '../../options.ts'
import { visible } from '../../output.ts'
import { sessionOf } from '../../session.ts'
import { clientOf } from '../plan/target.ts'
import { masked } from './diff.ts'
import { showDifference } from './show.ts'
import { definitionsOf } from './source.ts'

interface ImportOptions {
  readonly to: readonly string[]
  readonly vhost?: string
  readonly yes?: true
  readonly dryRun?: true
}

export function addDefinitionsImport(parent: Command): void {
  parent
    .command('import')
    .summary('give a broker what a file has')
    .description(
      'Shows what an import would create and overwrite, asks, imports, and reads the broker again. Refuses, with nothing changed, a file at which the broker would stop half-way, and one with queues or exchanges that it has with other properties and would skip in silence. Deletes nothing.',
    )
    .argument('<file>', 'a file of definitions with secrets, or a management listener')
    .addOption(
      new Option('--to <url>', 'a management listener of the broker; repeatable')
        .argParser(collected)
        .makeOptionMandatory(),
    )
    .option('--vhost <name>', 'into this vhost alone, which must exist')
    .option('--dry-run', 'only show what would be done; exits 2 when anything')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ warren definitions import definitions.json --to http://n2:15672 --dry-run')
    .action(run)
}

async function run(file: string, options: ImportOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { vhost, to, dryRun } = options
  const into = vhost === undefined ? {} : { vhost }
  const document = await definitionsOf(session, file)
  const client = clientOf(session, to)
  const check = await planImport(client, document, into)
  const blocking = blockingIn(check)
  const steps = check.steps.map(({ action, difference }) => ({ action, ...masked(difference) }))
  const shown = [
    ...steps.map((step) => `${step.action.padEnd(9)} ${showDifference(step)}`),
    ...blocking.map((reason) => visible(`refused   ${reason}`)),
    counted(steps.length, 'object'),
  ].join('\n')
  if (dryRun === true) {
    session.output.result({ isDryRun: true, steps, blocking }, () => shown)
    if (steps.length + blocking.length > 0) process.exitCode = exitCodes.findings
    return
  }
  session.output.note(shown)
  if (blocking.length === 0 && steps.length > 0) {
    await confirm(`Import ${counted(steps.length, 'object')} into ${client.endpoints.join(', ')}?`, options)
  }
  if (blocking.length === 0) session.output.note('importing, then reading again')
  await importDefinitions(client, document, into)
  session.output.result(
    { isDryRun: false, steps, blocking },
    () => `${counted(steps.length, 'object')} imported and read again`,
  )
}
