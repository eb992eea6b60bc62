import { realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Cluster } from '@warren/cluster/local'
import { attachCluster } from '@warren/cluster/local'
import type { Command } from 'commander'
import { exists } from '../../exists.ts'
import type { Session } from '../../session.ts'

/** The option of every command that works on one cluster. */
export interface ClusterNameOptions {
  readonly name?: string
}

export function addNameOption(command: Command): Command {
  return command.option('--name <cluster>', 'which cluster, where there are several')
}

/** The project that `.warren` belongs to: the nearest folder upwards that has one, else the working directory. */
export async function projectFolder(session: Session): Promise<string> {
  for (let folder = session.cwd; ; folder = dirname(folder)) {
    if (await exists(join(folder, '.warren'))) return folder
    if (dirname(folder) === folder) return session.cwd
  }
}

/** Where clusters are, if there are any. Unlike openHome() it creates nothing. */
export async function clusterHome(session: Session): Promise<string> {
  const home = resolve(session.env['WARREN_HOME'] || join(await projectFolder(session), '.warren'))
  return realpath(home).catch(() => home)
}

/** The cluster that this run works on: the one named, else the only one. Throws CLUSTER_UNKNOWN. */
export async function chosenCluster(session: Session, options: ClusterNameOptions): Promise<Cluster> {
  return attachCluster({
    home: await clusterHome(session),
    ...(options.name === undefined ? {} : { name: options.name }),
  })
}
