import { readStatus } from '@warren/cluster'
import type { Command } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import { sessionOf } from '../../session.ts'
import { describeAny, isWell, reportAny } from './any-status.ts'
import type { AnyClusterOptions } from './health-target.ts'
import { addAnyClusterOptions, remoteClient } from './health-target.ts'
import { chosenCluster } from './home.ts'
import { describeCluster, isHealthy, reportCluster } from './report.ts'

interface StatusOptions extends AnyClusterOptions {
  readonly showPasswords?: true
}

export function addClusterStatus(parent: Command): void {
  const command = parent
    .command('status')
    .summary('how the nodes are')
    .description(
      'Shows the nodes of a local cluster, or with --url those of any cluster and its federation links and shovels; exits 2 unless all of them run, without an alarm, and see each other.',
    )
  addAnyClusterOptions(command)
    .option('--show-passwords', 'show URLs with the password')
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren cluster status --json\n  $ warren cluster status --url http://n1:15672',
    )
    .action(status)
}

async function status(options: StatusOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const client = remoteClient(session, options)
  if (client !== undefined) {
    const any = reportAny(await readStatus(client))
    session.output.result(any, () => describeAny(any))
    if (!isWell(any)) process.exitCode = exitCodes.findings
    return
  }
  const report = await reportCluster(await chosenCluster(session, options), options)
  session.output.result(report, () => describeCluster(report))
  if (!isHealthy(report)) process.exitCode = exitCodes.findings
}
