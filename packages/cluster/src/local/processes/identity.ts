import { execFile } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { until } from './until.ts'

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** Compared, never interpreted: boot id and clock ticks on Linux, a date elsewhere. */
  readonly startedAt: string
}

/** `paused` is stopped by a signal (SIGSTOP); a zombie has `ended`: in a container nobody may ever reap it. */
export type ProcessState = 'running' | 'paused' | 'ended'

interface ProcessStatus {
  readonly state: ProcessState
  readonly parent: number
  readonly startedAt: string
}

/** The identity of a process that is alive now. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const status = await statusOf(pid)
  return status && status.state !== 'ended' ? { pid, startedAt: status.startedAt } : undefined
}

export async function stateOf(identity: ProcessIdentity | undefined): Promise<ProcessState> {
  if (!identity) return 'ended'
  const status = await statusOf(identity.pid)
  return status?.startedAt === identity.startedAt ? status.state : 'ended'
}

export async function isAlive(identity: ProcessIdentity | undefined): Promise<boolean> {
  return (await stateOf(identity)) !== 'ended'
}

/** Sends a signal to that very process; false if it has ended. */
export async function signal(identity: ProcessIdentity | undefined, name: NodeJS.Signals): Promise<boolean> {
  if (!identity || !(await isAlive(identity))) return false
  try {
    return process.kill(identity.pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/** SIGSTOP or SIGCONT, and returns when the kernel has acted on it, which is later; false if the process has ended. */
export async function freeze(identity: ProcessIdentity | undefined, state: 'paused' | 'running'): Promise<boolean> {
  if (!(await signal(identity, state === 'paused' ? 'SIGSTOP' : 'SIGCONT'))) return false
  return (await until(async () => [state, 'ended'].includes(await stateOf(identity)), 5000, 2)) ?? false
}

/** Live processes one of whose arguments ends with `mark`. Linux only; nothing is found elsewhere. */
export async function processesMarked(mark: string): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = []
  for (const pid of await pidsInProc()) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (!commandLine.split('\0').some((part) => part.endsWith(mark))) continue
    const identity = await identify(pid)
    if (identity) found.push(identity)
  }
  return found
}

/** Live processes in these network namespaces of /run/netns. Linux only. */
export async function processesIn(namespaces: readonly string[]): Promise<ProcessIdentity[]> {
  const inodes = await Promise.all(namespaces.map((name) => inodeOf(`/run/netns/${name}`)))
  const wanted = new Set(inodes.filter((inode) => inode !== undefined))
  if (wanted.size === 0) return []
  const found: ProcessIdentity[] = []
  for (const pid of await pidsInProc()) {
    const inode = await inodeOf(`/proc/${pid}/ns/net`)
    const identity = inode !== undefined && wanted.has(inode) ? await identify(pid) : undefined
    if (identity) found.push(identity)
  }
  return found
}

async function inodeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  )
}

/** The live children of a process. */
export async function childrenOf(parent: number): Promise<ProcessIdentity[]> {
  const children: ProcessIdentity[] = []
  for (const pid of process.platform === 'linux' ? await pidsInProc() : await pidsFromPs()) {
    const status = await statusOf(pid)
    if (status?.parent === parent && status.state !== 'ended') children.push({ pid, startedAt: status.startedAt })
  }
  return children
}

async function pidsInProc(): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  return names.filter((name) => /^\d+$/.test(name)).map(Number)
}

async function pidsFromPs(): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid='])
  return stdout.split('\n').filter(Boolean).map(Number)
}

function statusOf(pid: number): Promise<ProcessStatus | undefined> {
  return process.platform === 'linux' ? statusFromProc(pid) : statusFromPs(pid)
}

async function statusFromProc(pid: number): Promise<ProcessStatus | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  // The name in parentheses may hold blanks and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const letter = fields[0] ?? ''
  return {
    state: 'ZX'.includes(letter) ? 'ended' : 'Tt'.includes(letter) ? 'paused' : 'running',
    parent: Number(fields[1]),
    startedAt: `${await bootId()} ${fields[19] ?? ''}`,
  }
}

async function statusFromPs(pid: number): Promise<ProcessStatus | undefined> {
  const columns = ['-o', 'state=', '-o', 'ppid=', '-o', 'lstart=', '-p', String(pid)]
  const output = await promisify(execFile)('ps', columns, { env: { ...process.env, LC_ALL: 'C' } }).catch(() => null)
  const [state = '', parent = '', ...started] = output?.stdout.trim().split(/\s+/) ?? []
  if (state === '') return undefined
  return {
    state: state.startsWith('Z') ? 'ended' : state.startsWith('T') ? 'paused' : 'running',
    parent: Number(parent),
    startedAt: started.join(' '),
  }
}

let knownBootId: string | undefined

/** Clock ticks count from boot: without the boot's id, a state file that outlives a reboot could name a stranger. */
async function bootId(): Promise<string> {
  knownBootId ??= (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).slice(0, 8)
  return knownBootId
}
