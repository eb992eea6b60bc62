import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { exists } from '../install/packages.ts'
import { runCommand } from '../processes/command.ts'
import type { Host } from '../hosts/host.ts'
import { isAlive } from '../processes/identity.ts'
import { isListening } from '../processes/ports.ts'
import { findServer, folderMark, startServer } from '../processes/server.ts'
import { until } from '../processes/until.ts'
import { hostsOf } from './host.ts'
import type { ClusterRecord } from './record.ts'
import { toolEnvironment } from './settings.ts'

/**
 * Starts the cluster's own epmd, the directory of Erlang nodes, on every host where it does not run. A node would start
 * one by itself, as a daemon that nobody knows the pid of and nobody ends.
 */
export async function startEpmd(cluster: ClusterRecord): Promise<void> {
  await Promise.all(hostsOf(cluster).map((host) => startOn(cluster, host)))
}

async function startOn(cluster: ClusterRecord, host: Host): Promise<void> {
  const name = host.name === undefined ? 'epmd' : `epmd-${host.name}`
  if (await isAlive(await findServer(cluster.folder, name))) return
  const identity = await startServer({
    folder: cluster.folder,
    name,
    ...host.launch({
      program: await findEpmd(cluster, host),
      // This address and loopback only; without it epmd listens on every interface.
      args: ['-address', host.address, '-port', String(cluster.epmdPort)],
      argv0: folderMark(cluster.folder),
      account: cluster.account,
    }),
    // Where epmd is a script that starts the program proper (install/loader.ts), its own argv0 does not get through.
    env: { ...toolEnvironment(cluster, host), ARGV0: folderMark(cluster.folder) },
    outputFile: join(cluster.folder, `${name}.log`),
  })
  const isUp = await until(
    async () => !(await isAlive(identity)) || (await isListening(cluster.epmdPort, host.address)),
    10_000,
    20,
  )
  if (isUp && (await isAlive(identity))) return
  throw new ClusterError('CLUSTER_START_FAILED', `epmd did not start on ${host.address}:${cluster.epmdPort}`, {
    cluster: cluster.name,
  })
}

async function findEpmd(cluster: ClusterRecord, host: Host): Promise<string> {
  const env = toolEnvironment(cluster, host)
  for (const folder of (env['PATH'] ?? '').split(':')) {
    if (folder !== '' && (await exists(join(folder, 'epmd')))) return join(folder, 'epmd')
  }
  const root = await runCommand(
    'erl',
    ['-noinput', '-boot', 'start_clean', '-eval', 'io:put_chars(code:root_dir()), halt().'],
    { env },
  )
  const runtime = (await readdir(root)).find((name) => name.startsWith('erts-')) ?? ''
  return join(root, runtime, 'bin', 'epmd')
}
