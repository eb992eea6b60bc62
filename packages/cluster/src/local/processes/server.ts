import { spawn } from 'node:child_process'
import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Account } from '../account.ts'
import { identify, isAlive, processesMarked, type ProcessIdentity, signal } from './identity.ts'
import { until } from './until.ts'

/** What a folder remembers of a server that runs in it, in `<name>.process.json`. */
interface ServerRecord extends ProcessIdentity {
  readonly endSignal: NodeJS.Signals
}

export interface ServerOptions {
  readonly folder: string
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly account: Account | undefined
  /** Receives what the server writes to its standard output and error. */
  readonly outputFile: string
  /** Ends the server without grace; SIGKILL unless it leaves something behind that it should take away. */
  readonly endSignal?: NodeJS.Signals
  readonly argv0?: string
}

/**
 * Starts a server that outlives the caller, in a session of its own, and records it in the folder. It is found there by
 * every process: nothing about a running server is kept in memory only.
 */
export async function startServer(options: ServerOptions): Promise<ProcessIdentity> {
  const output = await open(options.outputFile, 'a')
  try {
    const child = spawn(options.program, options.args, {
      ...options.account,
      ...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
      cwd: '/',
      env: options.env,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    })
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    child.unref()
    const pid = child.pid ?? 0
    // Gone already: its output tells why, and whoever waits for it finds it ended.
    const identity = (await identify(pid)) ?? { pid, startedAt: '' }
    const record: ServerRecord = { ...identity, endSignal: options.endSignal ?? 'SIGKILL' }
    await writeAtomically(recordPath(options.folder, options.name), JSON.stringify(record))
    return identity
  } finally {
    await output.close()
  }
}

/** The server of that name as last started; it may have ended since. */
export async function findServer(folder: string, name: string): Promise<ProcessIdentity | undefined> {
  return readRecord(recordPath(folder, name))
}

/** Waits for the end of a process; false if it is still there after `timeoutMs`. */
export async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  return (await until(async () => !(await isAlive(identity)), timeoutMs, 25)) ?? false
}

/** An argument that marks a process as belonging to a folder, for one that was started but not yet recorded. */
export function folderMark(folder: string): string {
  return `warren:${folder}`
}

/** Ends every server of the folder without grace, also paused ones, and returns when they are gone. */
export async function endServers(folder: string): Promise<void> {
  await Promise.all((await recordsIn(folder)).map((record) => endServer(record)))
  // The owner may have been killed between a start and its record.
  const unrecorded = await processesMarked(folderMark(folder))
  await Promise.all(unrecorded.map((identity) => endServer({ ...identity, endSignal: 'SIGKILL' })))
}

async function endServer(record: ServerRecord): Promise<void> {
  if (!(await signal(record, record.endSignal))) return
  if (record.endSignal !== 'SIGKILL') {
    await signal(record, 'SIGCONT')
    if (await waitForEnd(record, 5000)) return
    await signal(record, 'SIGKILL')
  }
  await waitForEnd(record, 10_000)
}

async function recordsIn(folder: string): Promise<ServerRecord[]> {
  const names = await readdir(folder).catch(() => [])
  const records = await Promise.all(
    names.filter((name) => name.endsWith('.process.json')).map((name) => readRecord(join(folder, name))),
  )
  return records.filter((record) => record !== undefined)
}

async function readRecord(path: string): Promise<ServerRecord | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ServerRecord)
}

function recordPath(folder: string, name: string): string {
  return join(folder, `${name}.process.json`)
}

/** Replaces a file so that a reader finds the old or the new content, never a part. Only the owner may read it. */
export async function writeAtomically(path: string, content: string): Promise<void> {
  const aside = `${path}.${process.pid}.tmp`
  await rm(aside, { force: true })
  await writeFile(aside, content, { mode: 0o600 })
  await rename(aside, path)
}
