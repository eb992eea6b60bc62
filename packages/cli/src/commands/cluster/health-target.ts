import type { HealthFinding, HealthOptions } from '@warren/cluster'
import { isClusterError } from '@warren/cluster'
import type { Cluster } from '@warren/cluster/local'
import type { ManagementClient } from '@warren/cluster/management'
import type { Command } from 'commander'
import { Option } from 'commander'
import { CliError } from '../../errors.ts'
import { collected } from '../../options.ts'
import type { Session } from '../../session.ts'
import { clientOf } from '../plan/target.ts'
import type { ClusterNameOptions } from './home.ts'
import { addNameOption, chosenCluster } from './home.ts'

/** Any cluster by its management listeners, else one of this project. */
export interface AnyClusterOptions extends ClusterNameOptions {
  readonly url?: readonly string[]
}

export function addAnyClusterOptions(command: Command): Command {
  return addNameOption(command).addOption(
    new Option(
      '--url <url>',
      'any cluster, by a management listener: http://[USER:PASSWORD@]HOST:15672; repeatable (default: a local cluster)',
    ).argParser(collected),
  )
}

/** The cluster that is behind URLs; undefined when none is given. Throws USAGE_INVALID. */
export function remoteClient(session: Session, { url, name }: AnyClusterOptions): ManagementClient | undefined {
  if (url === undefined) return undefined
  if (name === undefined) return clientOf(session, url)
  throw new CliError('USAGE_INVALID', '--url names any cluster and --name one of this project; leave one of them out')
}

export interface HealthTarget {
  readonly client: ManagementClient
  readonly known: HealthOptions
  /** Nodes of a local cluster are no services of the system, and are started another way. */
  readonly adapt: (finding: HealthFinding) => HealthFinding
}

export async function healthTarget(session: Session, options: AnyClusterOptions): Promise<HealthTarget> {
  const remote = remoteClient(session, options)
  if (remote !== undefined) return { client: remote, known: {}, adapt: (finding) => finding }
  const cluster = await chosenCluster(session, options)
  const partitionHandling = await partitionHandlingOf(cluster)
  return {
    client: cluster.managementClient(),
    known: partitionHandling === undefined ? {} : { partitionHandling },
    adapt: (finding) =>
      finding.command.startsWith('systemctl start')
        ? { ...finding, command: `warren cluster start --all --name ${cluster.name}`, on: undefined }
        : finding,
  }
}

/** Only the tools on a node tell it. */
async function partitionHandlingOf(cluster: Cluster): Promise<string | undefined> {
  const { nodes } = await cluster.status()
  const running = nodes.find(({ state }) => state === 'running')
  if (running === undefined || nodes.length < 2) return undefined
  try {
    const told = await cluster.ctl(running.name, 'eval', 'application:get_env(rabbit, cluster_partition_handling).')
    return /^\{ok,([a-z_]+)\}/m.exec(told)?.[1]
  } catch (error) {
    if (isClusterError(error, 'COMMAND_FAILED')) return undefined
    throw error
  }
}
