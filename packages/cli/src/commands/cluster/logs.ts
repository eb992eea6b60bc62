import type { Cluster } from '@warren/cluster/local'
import { redactText } from '@warren/cluster/redaction'
import type { Command } from 'commander'
import { Option } from 'commander'
import { CliError } from '../../errors.ts'
import { visible } from '../../output.ts'
import { wholeFromOne } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { follow } from './follow.ts'
import type { ClusterNameOptions } from './home.ts'
import { addNameOption, chosenCluster } from './home.ts'

interface LogsOptions extends ClusterNameOptions {
  readonly lines: number
  readonly follow?: true
}

export function addClusterLogs(parent: Command): void {
  const command = parent
    .command('logs')
    .summary('what nodes have logged')
    .description('Prints the end of the logs of nodes: of all nodes when none is named.')
    .argument('[nodes...]', 'names of nodes: n1, n2, …')
    .addOption(new Option('-n, --lines <count>', 'so many lines of each').argParser(wholeFromOne).default(50))
    .option('-f, --follow', 'go on with what is logged, until Ctrl-C')
  addNameOption(command).addHelpText('after', '\nExample:\n  $ warren cluster logs n1 --lines 200').action(logs)
}

async function logs(nodes: readonly string[], options: LogsOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  if (options.follow === true && session.output.isJson) {
    throw new CliError('USAGE_INVALID', '--follow has no end, so it cannot be one JSON document; leave --json out')
  }
  const cluster = await chosenCluster(session, options)
  const chosen = nodes.length > 0 ? nodes : cluster.nodes.map(({ name }) => name)
  const ends = await Promise.all(
    chosen.map(async (node) => ({ node, lines: await endOf(cluster, node, options.lines) })),
  )
  const prefixed = (node: string, line: string): string =>
    visible(redactText(chosen.length === 1 ? line : `${node} | ${line}`))
  session.output.result({ logs: ends }, () =>
    ends.flatMap(({ node, lines }) => lines.map((line) => prefixed(node, line))).join('\n'),
  )
  if (options.follow !== true) return
  const write = (node: string) => (line: string) => process.stdout.write(`${prefixed(node, line)}\n`)
  await Promise.all(chosen.map((node) => follow(cluster.node(node).logFile, write(node))))
}

async function endOf(cluster: Cluster, node: string, lines: number): Promise<readonly string[]> {
  const text = await cluster.logs(node, lines)
  return text.trimEnd() === '' ? [] : redactText(text.trimEnd()).split('\n')
}
