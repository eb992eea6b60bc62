import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { exists } from '../install/packages.ts'
import { runCommand } from '../processes/command.ts'
import { isAlive } from '../processes/identity.ts'
import { isFree } from '../processes/ports.ts'
import { findServer, folderMark, startServer } from '../processes/server.ts'
import { until } from '../processes/until.ts'
import type { ClusterRecord } from './record.ts'
import { toolEnvironment } from './settings.ts'

/**
 * Starts the cluster's own epmd, the directory of Erlang nodes, unless it runs. A node would start one by itself, as a
 * daemon that nobody knows the pid of and nobody ends.
 */
export async function startEpmd(cluster: ClusterRecord): Promise<void> {
  if (await isAlive(await findServer(cluster.folder, 'epmd'))) return
  const identity = await startServer({
    folder: cluster.folder,
    name: 'epmd',
    program: await findEpmd(cluster),
    // Loopback only; without this epmd listens on every interface.
    args: ['-address', '127.0.0.1', '-port', String(cluster.epmdPort)],
    argv0: folderMark(cluster.folder),
    // Where epmd is a script that starts the program proper (install/loader.ts), its own argv0 does not get through.
    env: { ...toolEnvironment(cluster), ARGV0: folderMark(cluster.folder) },
    account: cluster.account,
    outputFile: join(cluster.folder, 'epmd.log'),
  })
  const isUp = await until(async () => !(await isAlive(identity)) || !(await isFree(cluster.epmdPort)), 10_000, 20)
  if (isUp && (await isAlive(identity))) return
  throw new ClusterError('CLUSTER_START_FAILED', `epmd did not start on port ${cluster.epmdPort}`, {
    cluster: cluster.name,
  })
}

async function findEpmd(cluster: ClusterRecord): Promise<string> {
  const env = toolEnvironment(cluster)
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
