import { join } from 'node:path'
import { ClusterError, isClusterError } from '../../errors.ts'
import { thisDistribution } from '../install/distribution.ts'
import { exists, libraryFolders, unpackPackages } from '../install/packages.ts'
import { type CommandOptions, runCommand } from '../processes/command.ts'
import { withLock } from '../processes/lock.ts'
import type { Progress } from '../progress.ts'
import type { Batch } from './layout.ts'

/** iproute2's `ip`, and where its libraries are if it is a private one. */
export interface IpTool {
  readonly program: string
  readonly libraries: readonly string[]
}

/**
 * Finds `ip`, or unpacks Debian's package into the home. Throws HOSTS_UNAVAILABLE, with what to do, where namespaces
 * cannot be made: without root, on other systems than Linux, and where the tools are missing and cannot be brought.
 */
export async function ipTool(home: string, onProgress: Progress): Promise<IpTool> {
  requireRoot()
  for (const tool of ['nsenter', 'unshare', 'setpriv']) {
    if ((await findOnPath(tool)) === undefined) {
      throw unavailable(`the program "${tool}" is missing; "apt-get install util-linux" brings it`)
    }
  }
  const program = await findOnPath('ip')
  if (program !== undefined) return { program, libraries: [] }
  return await privateTool(join(home, 'iproute2'), onProgress)
}

async function privateTool(tree: string, onProgress: Progress): Promise<IpTool> {
  if (!(await exists(tree))) {
    if ((await thisDistribution()) !== 'debian') {
      throw unavailable('the program "ip" is missing; install the package iproute2 (on Fedora "dnf install iproute")')
    }
    const unpack = async (): Promise<void> => {
      if (await exists(tree)) return
      await unpackPackages({
        title: 'iproute2',
        folder: tree,
        onProgress,
        packages: () => Promise.resolve({ names: ['iproute2'], includes: /^iproute2$/ }),
        finish: async (unfinished) => {
          await runIp(await toolIn(unfinished), '-Version')
        },
      })
    }
    await withLock(`${tree}.lock`, unpack).catch((error: unknown) => {
      if (!isClusterError(error, 'INSTALL_FAILED')) throw error
      throw unavailable('the program "ip" is missing; "apt-get install iproute2" brings it', error)
    })
  }
  return await toolIn(tree)
}

async function toolIn(tree: string): Promise<IpTool> {
  for (const folder of ['usr/sbin', 'sbin', 'usr/bin', 'bin']) {
    const program = join(tree, folder, 'ip')
    if (await exists(program)) return { program, libraries: await libraryFolders(tree) }
  }
  throw new ClusterError('INSTALL_FAILED', `${tree} holds no "ip"; remove it and try again`)
}

async function findOnPath(program: string): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/bin', '/bin']
  for (const folder of folders) if (folder !== '' && (await exists(join(folder, program)))) return join(folder, program)
  return undefined
}

/** Throws HOSTS_UNAVAILABLE for who may not touch network namespaces. */
export function requireRoot(): void {
  if (process.platform !== 'linux') throw unavailable('they are network namespaces, which only Linux has')
  if (process.getuid?.() === 0) return
  throw unavailable('network namespaces need root; run the same command with "sudo", or have nodes without hosts')
}

/** Runs `ip` and returns what it prints. Throws COMMAND_FAILED. */
export async function runIp(tool: IpTool, ...args: string[]): Promise<string> {
  return await runCommand(tool.program, args, optionsFor(tool))
}

/** Has `ip` carry out lines, up to the first that fails. One process for all of them. Throws COMMAND_FAILED. */
export async function runBatch(tool: IpTool, { namespace, lines }: Batch): Promise<void> {
  const where = namespace === undefined ? [] : ['-n', namespace]
  await runCommand(tool.program, [...where, '-batch', '-'], { ...optionsFor(tool), input: `${lines.join('\n')}\n` })
}

function optionsFor({ libraries }: IpTool): CommandOptions {
  const own = libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(':') }
  return { env: { ...process.env, ...own, LC_ALL: 'C' }, timeoutMs: 30_000, title: 'ip' }
}

/** The error for a machine, or an account, that cannot have hosts of their own. */
export function unavailable(why: string, cause?: unknown): ClusterError {
  return new ClusterError('HOSTS_UNAVAILABLE', `nodes cannot be hosts of their own here: ${why}`, {}, cause)
}
