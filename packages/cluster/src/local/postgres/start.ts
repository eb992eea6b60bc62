import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { giveTo, unprivilegedAccount } from '../account.ts'
import { installPostgres, postgresEnvironment } from '../install/postgres.ts'
import { runCommand } from '../processes/command.ts'
import { withLock } from '../processes/lock.ts'
import { releaseFromOwner } from '../processes/owner.ts'
import { removePlace, reservePlace } from '../processes/place.ts'
import { freePorts } from '../processes/ports.ts'
import type { Progress } from '../progress.ts'
import { Postgres } from './postgres.ts'
import { type PostgresRecord, readPostgresRecord, writePostgresRecord } from './record.ts'

export interface PostgresOptions {
  /** What `openHome` returned. */
  readonly home: string
  /** Letters, digits, `-` and `_`. Without one it is `default`, or `default-2` if that is taken, and so on. */
  readonly name?: string
  /** Lines for postgresql.conf. Durability is as PostgreSQL ships it: fsync is on. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** The server ends and its data goes when this process does, also by SIGKILL; this process by default. */
  readonly ownerPid?: number
  /** The server outlives this process, until `down()`. */
  readonly isDetached?: boolean
  /** See `installPostgres`. */
  readonly isSystemIgnored?: boolean
  readonly onProgress?: Progress
}

const ATTEMPTS = 3

/**
 * Starts a private PostgreSQL server on a free loopback port, with a password of its own. Brings PostgreSQL first if it is
 * missing. Throws CLUSTER_EXISTS, CLUSTER_INVALID, POSTGRES_START_FAILED and what `installPostgres` throws.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { name } = options
  if (name !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    throw new ClusterError(
      'CLUSTER_INVALID',
      `"${name}" is no name for a database server: letters, digits, - and _ only`,
    )
  }
  const installation = await installPostgres(options)
  const place = await reservePlace({
    parent: serversFolder(options.home),
    name,
    ownerPid: options.isDetached ? process.pid : (options.ownerPid ?? process.pid),
    isFinished: async (folder) => (await readPostgresRecord(folder)) !== undefined,
  })
  if (!place) {
    throw new ClusterError('CLUSTER_EXISTS', `there is a database server "${name ?? ''}" already; choose another name`)
  }
  options.onProgress?.(`PostgreSQL "${place.name}": starting ${installation.version}`)
  try {
    const account = await unprivilegedAccount()
    for (let attempt = 1; ; attempt++) {
      const [port = 0] = await freePorts(1, await portsInUse(options.home))
      const record: PostgresRecord = {
        ...place,
        installation,
        account,
        port,
        password: randomBytes(18).toString('base64url'),
        socketFolder: socketFolderIn(place.folder, port),
      }
      await initialize(record, options.settings ?? {})
      const postgres = new Postgres(record)
      try {
        await postgres.start()
      } catch (error) {
        const isPortTaken = error instanceof Error && /Address already in use/.test(error.message)
        if (!isPortTaken || attempt === ATTEMPTS) throw error
        continue
      }
      if (options.isDetached) await releaseFromOwner(place.folder)
      return postgres
    }
  } catch (error) {
    await removePlace(place.folder)
    throw error
  }
}

/** Takes in hand a server that this or another process started; undefined if there is none of that name. */
export async function attachPostgres(options: { home: string; name: string }): Promise<Postgres | undefined> {
  const record = await readPostgresRecord(join(serversFolder(options.home), options.name))
  return record && new Postgres(record)
}

/** The server of that name: taken in hand if it is there, started otherwise, once for all who ask at the same time. */
export async function sharePostgres(options: PostgresOptions & { readonly name: string }): Promise<Postgres> {
  return await withLock(
    join(options.home, 'locks', `postgres-${options.name}`),
    async () => (await attachPostgres(options)) ?? (await startPostgres(options)),
  )
}

function serversFolder(home: string): string {
  return join(home, 'databases')
}

// The longest path a socket may have is 107 bytes on Linux, 103 on macOS.
const MAX_SOCKET_PATH_BYTES = 103

function socketFolderIn(folder: string, port: number): string | undefined {
  const socketFolder = join(folder, 'socket')
  return Buffer.byteLength(`${socketFolder}/.s.PGSQL.${port}`) <= MAX_SOCKET_PATH_BYTES ? socketFolder : undefined
}

async function portsInUse(home: string): Promise<Set<number>> {
  const names = await readdir(serversFolder(home)).catch(() => [])
  const records = await Promise.all(names.map((name) => readPostgresRecord(join(serversFolder(home), name))))
  return new Set(records.filter((record) => record !== undefined).map((record) => record.port))
}

async function initialize(record: PostgresRecord, settings: PostgresOptions['settings'] & {}): Promise<void> {
  const { folder, account, installation } = record
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  await rm(data, { recursive: true, force: true })
  for (const path of [data, ...(record.socketFolder === undefined ? [] : [record.socketFolder])]) {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await giveTo(account, path)
  }
  await writeFile(passwordFile, record.password, { mode: 0o600 })
  await giveTo(account, passwordFile)
  try {
    await runCommand(
      join(installation.bin, 'initdb'),
      [
        ...['-D', data, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
        ...['--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'],
      ],
      { account, env: { ...postgresEnvironment(installation), HOME: folder, TMPDIR: folder } },
    )
  } finally {
    await rm(passwordFile, { force: true })
  }
  const all = {
    listen_addresses: '127.0.0.1',
    port: record.port,
    unix_socket_directories: record.socketFolder ?? '',
    // Compiling costs more than it gains in short queries, and its library is not unpacked.
    jit: false,
    ...settings,
  }
  const lines = Object.entries(all).map(([key, value]) => `${key} = '${String(value).replaceAll("'", "''")}'`)
  await appendFile(join(data, 'postgresql.conf'), lines.join('\n') + '\n')
  await writePostgresRecord(record)
}
