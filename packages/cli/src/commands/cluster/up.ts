import type { Joining, UserOptions } from '@warren/cluster/local'
import { listClusters, openHome, startCluster } from '@warren/cluster/local'
import type { Command } from 'commander'
import { InvalidArgumentError, Option } from 'commander'
import { CliError } from '../../errors.ts'
import { collected, wholeFromOne } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { projectFolder } from './home.ts'
import { describeCluster, reportCluster } from './report.ts'
import { watchNewNodes } from './watch.ts'

interface UpOptions {
  readonly nodes: number
  readonly name?: string
  readonly version?: string
  readonly plugin?: readonly string[]
  readonly set?: Readonly<Record<string, string>>
  readonly hosts?: true
  readonly join?: Joining
  readonly ram?: readonly string[]
  readonly user?: readonly UserOptions[]
  readonly showPasswords?: true
}

export function addClusterUp(parent: Command): void {
  parent
    .command('up')
    .summary('start a cluster')
    .description(
      'Starts a cluster of private nodes on free loopback ports and returns when all of them serve. With --hosts each node is a host of its own, in a network namespace with its own address and the usual ports. It stays up until "warren cluster down". The first run may download RabbitMQ.',
    )
    .addOption(new Option('-n, --nodes <count>', 'how many nodes').argParser(wholeFromOne).default(3))
    .option('--name <cluster>', 'its name (default: default, or default-2 if that is taken, …)')
    .option('--version <series>', 'of RabbitMQ: 3.10, 4.0, 4.3, brought if need be (default: what is there)')
    .addOption(new Option('--plugin <name>', 'a plugin beside the management; repeatable').argParser(collected))
    .addOption(new Option('--set <key=value>', 'a line for rabbitmq.conf; repeatable').argParser(settings))
    .addOption(
      new Option(
        '--user <name[:tag,…]>',
        'a user beside the administrator, with a password of its own; repeatable',
      ).argParser(users),
    )
    .option('--hosts', 'every node a host of its own; needs root')
    .addOption(
      new Option('--join <how>', 'with --hosts: how nodes become a cluster (default: join-cluster)').choices([
        'join-cluster',
        'peer-discovery',
      ]),
    )
    .addOption(
      new Option('--ram <node>', 'with --hosts: a RAM node, up to RabbitMQ 4.1; repeatable').argParser(collected),
    )
    .option('--show-passwords', 'show URLs with the password')
    .addHelpText(
      'after',
      '\nExample:\n  $ warren cluster up -n 3 --version 4.3 --plugin rabbitmq_shovel --set vm_memory_high_watermark.relative=0.3\n  $ sudo warren cluster up -n 2 --hosts --ram n2 --user crm:monitoring',
    )
    .action(up)
}

async function up(options: UpOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { output } = session
  if (options.hosts !== true && (options.join !== undefined || options.ram !== undefined)) {
    throw new CliError('USAGE_INVALID', '--join and --ram are for nodes that are hosts; add --hosts')
  }
  const onProgress = (line: string): void => output.note(line)
  const home = await openHome({ project: await projectFolder(session), onProgress })
  const others = (await listClusters({ home })).map(({ name }) => name)
  // Without a name it will be `default` or `default-2`, …, whichever is free: others may be starting clusters, too.
  const isNew = (name: string): boolean =>
    !others.includes(name) && (options.name === undefined ? /^default(-\d+)?$/.test(name) : name === options.name)
  const watch = watchNewNodes(home, isNew, onProgress)
  const cluster = await startCluster({
    home,
    nodes: options.nodes,
    version: options.version,
    isDetached: true,
    onProgress,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.plugin === undefined ? {} : { plugins: options.plugin }),
    ...(options.set === undefined ? {} : { config: options.set }),
    ...(options.user === undefined ? {} : { users: options.user }),
    ...(options.hosts === undefined
      ? {}
      : {
          hosts: {
            ...(options.join === undefined ? {} : { joining: options.join }),
            ...(options.ram === undefined ? {} : { ram: options.ram }),
          },
        }),
  }).finally(() => watch.stop())
  const report = await reportCluster(cluster, options)
  output.result(report, () => describeCluster(report))
  const named = others.length === 0 ? '' : ` --name ${cluster.name}`
  output.note(`cluster "${cluster.name}" is up; "warren cluster down${named}" ends it and removes its data`)
  if (options.showPasswords !== true) {
    output.note(`URLs with the password: warren cluster status${named} --show-passwords`)
  }
}

function users(text: string, before: readonly UserOptions[] | undefined): readonly UserOptions[] {
  const [, name, tags = ''] = /^([^:]+)(?::([\w,-]+))?$/.exec(text) ?? []
  if (name === undefined) throw new InvalidArgumentError('It must be NAME or NAME:TAG,TAG.')
  return [...(before ?? []), { name, tags: tags.split(',').filter(Boolean) }]
}

function settings(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const [, key, value] = /^\s*([\w.-]+)\s*=\s*(.*)$/.exec(text) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It must be KEY=VALUE.')
  return { ...before, [key]: value }
}
