import { diagnose, findingCodes, readHealth, severities, type Severity } from '@warren/cluster'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import { collected } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { AnyClusterOptions } from './health-target.ts'
import { addAnyClusterOptions, healthTarget } from './health-target.ts'
import { heededOf } from './heeded.ts'
import { showFindings } from './show-findings.ts'

interface DoctorOptions extends AnyClusterOptions {
  readonly severity: Severity
  readonly ignore?: readonly string[]
  readonly probeGuest?: true
}

export function addClusterDoctor(parent: Command): void {
  const command = parent
    .command('doctor')
    .summary('what is wrong with a cluster, why it matters, and what mends it')
    .description(
      'Reads a cluster of any version over its management API, changes nothing, and tells what is not well, why that matters and the command that mends it. Exits 0 when nothing is as bad as --severity, 2 when something is, or when something could not be read (refused-to-read), at any --severity. What could not be read is told and is never taken for healthy. Health checks are those of the nodes that are named with --url: name all.',
    )
  addAnyClusterOptions(command)
    .addOption(
      new Option('--severity <severity>', 'tell, and exit 2 for, what is so bad or worse')
        .choices(severities)
        .default('warning'),
    )
    .addOption(
      new Option('--ignore <code>', 'leave findings of this code out; repeatable').argParser(
        (code: string, before: readonly string[] | undefined) => collected(findingCode(code), before),
      ),
    )
    .option('--probe-guest', 'try to log in as guest with the password that everybody knows')
    .addHelpText(
      'after',
      '\nExample:\n  $ warren cluster doctor --url http://n1:15672 --url http://n2:15672 --ignore version-unsupported',
    )
    .action(doctor)
}

async function doctor(options: DoctorOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { client, known, adapt } = await healthTarget(session, options)
  session.output.note(`reading ${client.endpoints.join(', ')}`)
  const reading = await readHealth(client, { ...known, probeGuest: options.probeGuest === true })
  const heeded = heededOf(diagnose(reading).map(adapt), options)
  const report = {
    cluster: reading.broker.clusterName,
    version: reading.broker.version,
    endpoint: reading.endpoint,
    severity: options.severity,
    ...heeded,
    notRead: reading.notRead,
  }
  session.output.result(report, () => showFindings(report))
  if (heeded.findings.length > 0) process.exitCode = exitCodes.findings
}

function findingCode(code: string): string {
  if (Object.hasOwn(findingCodes, code)) return code
  throw new InvalidArgumentError(`There is no finding "${code}"; each finding is shown with its code.`)
}
