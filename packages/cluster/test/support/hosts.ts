import { isClusterError } from '@warren/cluster/local'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createNetwork, type Network, removeNetwork } from '../../src/local/hosts/network.ts'

/** Why nodes cannot be hosts here; undefined where they can. */
export async function whyNoHosts(): Promise<string | undefined> {
  try {
    await using _ = await temporaryNetwork(['probe'])
    return undefined
  } catch (error) {
    if (isClusterError(error, 'HOSTS_UNAVAILABLE')) return error.message
    throw error
  }
}

export interface TemporaryNetwork extends AsyncDisposable {
  readonly folder: string
  readonly network: Network
}

/** A network without nodes, in a folder of its own. */
export async function temporaryNetwork(hosts: readonly string[]): Promise<TemporaryNetwork> {
  const folder = await mkdtemp(join(tmpdir(), 'warren-network-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const network = await createNetwork({ home: folder, folder, hosts, onProgress: () => undefined })
    return {
      folder,
      network,
      [Symbol.asyncDispose]: async () => {
        await removeNetwork(folder)
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** Every namespace, link and route of this machine that a network of this id or subnet has a part in. */
export async function traces(part: string): Promise<string[]> {
  const shown = [
    ['netns', 'list'],
    ['-oneline', 'link', 'show'],
    ['route', 'show', 'table', 'all'],
  ].map(async (args) => (await promisify(execFile)('ip', args)).stdout.split('\n'))
  return (await Promise.all(shown)).flat().filter((line) => line.includes(part))
}
