import type { Command } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import { sessionOf } from '../../session.ts'
import type { ClusterNameOptions } from './home.ts'
import { addNameOption, chosenCluster } from './home.ts'
import { describeCluster, isHealthy, reportCluster } from './report.ts'

interface StatusOptions extends ClusterNameOptions {
  readonly showPasswords?: true
}

export function addClusterStatus(parent: Command): void {
  const command = parent
    .command('status')
    .summary('how the nodes are')
    .description('Shows the nodes of a cluster; exits 2 unless all of them run, without an alarm, and see each other.')
  addNameOption(command)
    .option('--show-passwords', 'show URLs with the password')
    .addHelpText('after', '\nExample:\n  $ warren cluster status --json')
    .action(status)
}

async function status(options: StatusOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const report = await reportCluster(await chosenCluster(session, options), options)
  session.output.result(report, () => describeCluster(report))
  if (!isHealthy(report)) process.exitCode = exitCodes.findings
}
