import type { Cluster } from '@warren/cluster/local'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { sessionOf } from '../../session.ts'
import type { ClusterNameOptions } from './home.ts'
import { addNameOption, chosenCluster } from './home.ts'
import { describeCluster, reportCluster } from './report.ts'

interface NodeCommand {
  readonly verb: 'kill' | 'stop' | 'start' | 'pause' | 'resume'
  readonly summary: string
  readonly description: string
  readonly doing: string
}

const nodeCommands: readonly NodeCommand[] = [
  {
    verb: 'kill',
    summary: 'end nodes with SIGKILL',
    description: 'Ends nodes with SIGKILL, as a power cut would. Their data stays; "start" brings them back.',
    doing: 'killing',
  },
  {
    verb: 'stop',
    summary: 'end nodes in an orderly way',
    description: 'Ends nodes in an orderly way: they hand their queues over first. "start" brings them back.',
    doing: 'stopping',
  },
  {
    verb: 'start',
    summary: 'start nodes that are not running',
    description: 'Starts nodes with the data and the ports they had, and waits until they serve.',
    doing: 'starting',
  },
  {
    verb: 'pause',
    summary: 'freeze nodes with SIGSTOP',
    description: 'Freezes nodes with SIGSTOP: their connections stay open and nothing answers.',
    doing: 'pausing',
  },
  {
    verb: 'resume',
    summary: 'let paused nodes go on',
    description: 'Lets paused nodes go on (SIGCONT).',
    doing: 'resuming',
  },
]

interface NodesOptions extends ClusterNameOptions {
  readonly all?: true
}

/** `kill`, `stop`, `start`, `pause` and `resume`: each acts on the nodes named and shows the cluster afterwards. */
export function addClusterNodes(parent: Command): void {
  for (const nodeCommand of nodeCommands) {
    const { verb, summary, description } = nodeCommand
    const command = parent
      .command(verb)
      .summary(summary)
      .description(description)
      .argument('[nodes...]', 'names of nodes: n1, n2, …')
      .option('-a, --all', 'all nodes')
    addNameOption(command)
      .addHelpText('after', `\nExample:\n  $ warren cluster ${verb} n2`)
      .action((nodes: readonly string[], options: NodesOptions, self: Command) =>
        act(nodeCommand, nodes, options, self),
      )
  }
}

async function act(
  { verb, doing }: NodeCommand,
  nodes: readonly string[],
  options: NodesOptions,
  command: Command,
): Promise<void> {
  const session = sessionOf(command)
  if (nodes.length > 0 === (options.all === true)) {
    throw new CliError('USAGE_INVALID', `say which nodes to ${verb}: their names, or --all`)
  }
  const cluster: Cluster = await chosenCluster(session, options)
  const chosen = nodes.length > 0 ? nodes : cluster.nodes.map(({ name }) => name)
  session.output.note(`${doing} ${chosen.join(', ')}`)
  await cluster[verb](...chosen)
  const report = await reportCluster(cluster)
  session.output.result(report, () => describeCluster(report))
}
