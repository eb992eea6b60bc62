import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { postgresEnvironment } from '../install/postgres.ts'
import { lastLines, runCommand } from '../processes/command.ts'
import { childrenOf, freeze, isAlive, type ProcessState, signal, stateOf } from '../processes/identity.ts'
import { releaseFromOwner } from '../processes/owner.ts'
import { removePlace } from '../processes/place.ts'
import { findServer, folderMark, startServer, waitForEnd } from '../processes/server.ts'
import { until } from '../processes/until.ts'
import type { PostgresRecord } from './record.ts'

const SERVER = 'postgres'
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 60_000

/** A private PostgreSQL server on this machine. Like `Cluster` it holds no state of its own. */
export class Postgres {
  readonly name: string
  readonly version: string
  readonly folder: string
  readonly port: number
  /** Over TCP on the loopback interface, as superuser, to the database `postgres`. */
  readonly url: string
  /** Over a Unix socket, in the form that `pg` takes; undefined where its path would be too long. */
  readonly socketUrl: string | undefined
  readonly #record: PostgresRecord

  constructor(record: PostgresRecord) {
    this.#record = record
    this.name = record.name
    this.version = record.installation.version
    this.folder = record.folder
    this.port = record.port
    this.url = this.urlOf('postgres')
    this.socketUrl =
      record.socketFolder === undefined
        ? undefined
        : `postgres://postgres:${record.password}@/postgres?host=${record.socketFolder}&port=${record.port}`
  }

  /** The URL of a database of this server. */
  urlOf(database: string): string {
    return `postgres://postgres:${this.#record.password}@127.0.0.1:${this.port}/${database}`
  }

  async state(): Promise<ProcessState> {
    return await stateOf(await findServer(this.folder, SERVER))
  }

  /** The process id of the server while it is alive. */
  async pid(): Promise<number | undefined> {
    const identity = await findServer(this.folder, SERVER)
    return (await isAlive(identity)) ? identity?.pid : undefined
  }

  /** Starts the server with the data it had and waits until it takes connections. Throws POSTGRES_START_FAILED. */
  async start(): Promise<void> {
    const { folder, installation, account } = this.#record
    const running = await findServer(folder, SERVER)
    if (await isAlive(running)) return
    const identity = await startServer({
      folder,
      name: SERVER,
      program: join(installation.bin, 'postgres'),
      args: ['-D', join(folder, 'data'), '-c', `warren.folder=${folderMark(folder)}`],
      env: { ...postgresEnvironment(installation), HOME: folder, TMPDIR: folder },
      account,
      outputFile: this.logFile,
      // SIGKILL would leave a piece of System V shared memory behind until the next boot.
      endSignal: 'SIGQUIT',
    })
    const outcome = await until(
      async () => {
        if (!(await isAlive(identity))) return 'ended'
        const [pid, ...lines] = (await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8').catch(() => '')).split(
          '\n',
        )
        return Number(pid) === identity.pid && lines[6]?.trim() === 'ready' && 'ready'
      },
      START_TIMEOUT_MS,
      20,
    )
    if (outcome === 'ready') return
    throw new ClusterError(
      'POSTGRES_START_FAILED',
      `PostgreSQL "${this.name}" ${outcome === 'ended' ? 'ended while it started' : `was not ready after ${START_TIMEOUT_MS / 1000} s`}; its log ends with:\n${lastLines(await readFile(this.logFile, 'utf8'), 20)}`,
      { name: this.name },
    )
  }

  /** Ends the server: `fast` closes its connections in order, `immediate` is a crash that leaves recovery to the next start. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const identity = await findServer(this.folder, SERVER)
    if (!identity || !(await isAlive(identity))) return
    await this.resume()
    await signal(identity, mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    if (!(await waitForEnd(identity, STOP_TIMEOUT_MS))) await signal(identity, 'SIGKILL')
  }

  /** Freezes the server and every session of it: connections stay open, nothing answers. */
  async pause(): Promise<void> {
    await this.#freezeAll('paused')
  }

  async resume(): Promise<void> {
    await this.#freezeAll('running')
  }

  async #freezeAll(state: 'paused' | 'running'): Promise<void> {
    const identity = await findServer(this.folder, SERVER)
    // The server first when stopping: it can then start no session that would be missed.
    if (!identity || !(await freeze(identity, state))) return
    await Promise.all((await childrenOf(identity.pid)).map((child) => freeze(child, state)))
  }

  /** Creates an empty database, by default under a name that no other has, and returns its URL. */
  async createDatabase(name: string = `test_${randomUUID().replaceAll('-', '').slice(0, 12)}`): Promise<string> {
    await this.#run('createdb', name)
    return this.urlOf(name)
  }

  /** Removes a database; its sessions are ended. */
  async dropDatabase(name: string): Promise<void> {
    await this.#run('dropdb', '--if-exists', '--force', name)
  }

  get logFile(): string {
    return join(this.folder, 'postgres.log')
  }

  /** Lets the server outlive the process that it was bound to. */
  async release(): Promise<void> {
    await releaseFromOwner(this.folder)
  }

  /** Ends the server and removes its data. Safe to call twice. */
  async down(): Promise<void> {
    await removePlace(this.folder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
  }

  async #run(program: string, ...args: string[]): Promise<void> {
    const { installation, password } = this.#record
    await runCommand(
      join(installation.bin, program),
      ['--host=127.0.0.1', `--port=${this.port}`, '--username=postgres', '--no-password', ...args],
      { env: { ...postgresEnvironment(installation), PGPASSWORD: password } },
    )
  }
}
