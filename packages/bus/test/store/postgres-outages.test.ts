import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'

import { privatePostgres, testDatabase } from '../../../../test/support/postgres.ts'
import { newId } from '../../src/envelope/uuid.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import type { PostgresStore, PostgresStoreOptions } from '../../src/store/postgres/index.ts'
import { codeOf, event, gate, message, until } from './fixtures.ts'
import { proxyTo, untilBlocked } from './postgres-fixtures.ts'

function storeOn(url: string, options: Partial<PostgresStoreOptions> = {}): PostgresStore {
  const store = postgresStore({ connectionString: url, ...options })
  onTestFinished(() => store.stop())
  return store
}

/** Ends every other session of the database, as an administrator would. */
async function terminateOthers(admin: PostgresStore): Promise<void> {
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
}

describe('a server that goes away', () => {
  let url: string
  beforeAll(async () => {
    url = (await testDatabase()).url
    const store = postgresStore({ connectionString: url })
    await store.start()
    await store.query('create table effect (id text)')
    await store.stop()
  })

  test('a session that is ended in the middle of a transaction leaves nothing, and the store goes on', async () => {
    const [store, admin] = [storeOn(url), storeOn(url)]
    const id = newId()
    const run = store.transaction(async (tx) => {
      await tx.query('insert into effect values ($1)', [id])
      await terminateOthers(admin)
      await tx.query('select 1')
    })
    const error = await run.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(store.isUnavailable(error)).toBe(true)
    expect((await store.query('select 1 from effect where id = $1', [id])).rows).toEqual([])
  })

  test('a handler that hides the loss from the store cannot commit', async () => {
    const [store, admin] = [storeOn(url), storeOn(url)]
    const run = store.transaction(async (tx) => {
      await tx.query('select 1')
      await terminateOthers(admin)
      await tx.query('select 1').catch(() => undefined)
      await expect(tx.query('select 1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    })
    // COMMIT was never sent: this is not COMMIT_UNKNOWN.
    expect(await codeOf(run)).toBe('STORE_UNAVAILABLE')
  })

  test('a loss while the handler does something else is noticed at the next statement, not by the process dying', async () => {
    const [store, admin] = [storeOn(url), storeOn(url)]
    const run = store.transaction(async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
      await terminateOthers(admin)
      await until(async () => {
        const alive = await admin.query('select 1 from pg_stat_activity where pid = $1', [rows[0]!.pid])
        return alive.rows.length === 0
      })
      // The end of the connection has reached this process once a round trip to the same server has been made.
      await admin.query('select 1')
      await tx.query('select 1')
    })
    expect(await codeOf(run)).toBe('STORE_UNAVAILABLE')
  })

  test('idle connections that are ended are replaced', async () => {
    const [store, admin] = [storeOn(url), storeOn(url)]
    await Promise.all([store.ping(), store.ping(), store.ping()])
    await terminateOthers(admin)
    await until(() =>
      store.ping().then(
        () => true,
        (error: unknown) => !store.isUnavailable(error),
      ),
    )
    await store.ping()
  })

  test('connections that are ended while the store stops do not end the process', async () => {
    const admin = storeOn(url)
    for (let round = 0; round < 20; round++) {
      const store = postgresStore({ connectionString: url })
      await Promise.all([store.ping(), store.ping(), store.ping()])
      await Promise.all([terminateOthers(admin), store.stop()])
    }
  })

  test('a savepoint whose connection is lost rejects as unavailable', async () => {
    const [store, admin] = [storeOn(url), storeOn(url)]
    const seen: unknown[] = []
    const run = store.transaction(async (tx) => {
      const part = store.savepoint(tx, async (inner) => {
        await inner.query('select 1')
        await terminateOthers(admin)
        await inner.query('select 1')
      })
      seen.push(await codeOf(part))
    })
    expect(await codeOf(run)).toBe('STORE_UNAVAILABLE')
    expect(seen).toEqual(['STORE_UNAVAILABLE'])
  })

  test('a crash of the server in the middle of a transaction is survived without a new store', async () => {
    const server = await privatePostgres()
    onTestFinished(() => server.down())
    const store = storeOn(server.url, { connectTimeoutMs: 2_000 })
    await store.start()
    const [kept, lost] = [event(), event()]
    await store.transaction((tx) => store.outbox.append(tx, [kept]))
    const run = store.transaction(async (tx) => {
      await store.outbox.append(tx, [lost])
      await tx.query('select 1')
      await server.stop('immediate')
      await tx.query('select 1')
    })
    expect(await codeOf(run)).toBe('STORE_UNAVAILABLE')
    expect(await codeOf(store.ping())).toBe('STORE_UNAVAILABLE')
    expect(await codeOf(store.transaction((tx) => store.outbox.append(tx, [event()])))).toBe('STORE_UNAVAILABLE')
    await server.start()
    await store.ping()
    expect(await store.outbox.present([kept.id, lost.id])).toEqual([kept.id])
    expect(await store.outbox.claim({ buckets: [0], exclude: [], limit: 10 })).toHaveLength(1)
  })

  test('a server that stops answering is given up on, and a commit in that moment is neither lost nor denied', async () => {
    const server = await privatePostgres()
    onTestFinished(() => server.down())
    const store = storeOn(server.url, { responseTimeoutMs: 400, connectTimeoutMs: 400, maxConnections: 3 })
    await store.start()
    const sent = event()

    const commit = store.transaction(async (tx) => {
      await tx.query('select 1')
      await store.outbox.append(tx, [sent])
      await tx.query('select 1')
      await server.pause()
    })
    const startedAtMs = performance.now()
    expect(await codeOf(commit)).toBe('COMMIT_UNKNOWN')
    expect(await codeOf(store.ping())).toBe('STORE_UNAVAILABLE')
    expect(await codeOf(store.outbox.claim({ buckets: [0], exclude: [], limit: 1 }))).toBe('STORE_UNAVAILABLE')
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)

    await server.resume()
    await until(() =>
      store.ping().then(
        () => true,
        () => false,
      ),
    )
    // The server had COMMIT in its socket when the connection was cut: it commits. present() waits for that.
    expect(await store.outbox.present([sent.id])).toEqual([sent.id])
  })

  test('a transaction that begins on a frozen server does not wait for ever', async () => {
    const server = await privatePostgres()
    onTestFinished(() => server.down())
    const store = storeOn(server.url, { responseTimeoutMs: 400, maxConnections: 1 })
    await store.ping()
    await server.pause()
    // The handler waits for its own statement, which has no deadline; BEGIN in front of it has one.
    expect(await codeOf(store.transaction((tx) => tx.query('select 1')))).toBe('STORE_UNAVAILABLE')
    await server.resume()
  })

  test('stop() does not wait for a server that is frozen', async () => {
    const server = await privatePostgres()
    onTestFinished(() => server.down())
    const store = storeOn(server.url)
    await Promise.all([store.ping(), store.ping()])
    await server.pause()
    const startedAtMs = performance.now()
    await store.stop()
    expect(performance.now() - startedAtMs).toBeLessThan(10_000)
    await server.resume()
  })

  test('a handler’s statement that outlives its handler does not hold the transaction for longer than the statement timeout', async () => {
    const store = storeOn(url)
    const startedAtMs = performance.now()
    const run = store.transaction(
      async (tx) => {
        await tx.query('set local statement_timeout = 0')
        void tx.query('select pg_sleep(30)').catch(() => undefined)
        throw new Error('deadline passed')
      },
      { statementTimeoutMs: 300 },
    )
    expect(await codeOf(run)).toBe('STORE_UNAVAILABLE')
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)
    await store.ping()
  })

  test('a statement that nobody awaited ends by its timeout, and the transaction is rolled back in order', async () => {
    const store = storeOn(url)
    const run = store.transaction(
      (tx) => {
        void tx.query('select pg_sleep(30)').catch(() => undefined)
        return Promise.reject(new Error('deadline passed'))
      },
      { statementTimeoutMs: 300 },
    )
    expect(['deadline passed', 'STORE_UNAVAILABLE']).toContain(await codeOf(run))
    await store.ping()
  })

  test('a commit whose connection is cut before the answer is unknown, and present() tells the truth', async () => {
    const store = storeOn(url)
    await store.start()
    const proxy = await proxyTo(url)
    const cut = storeOn(proxy.url)
    const sent = event()
    const run = cut.transaction(async (tx) => {
      await cut.outbox.append(tx, [sent])
      await tx.query('select 1')
      proxy.swallowAnswers()
    })
    await proxy.swallowed
    proxy.cut()
    expect(await codeOf(run)).toBe('COMMIT_UNKNOWN')
    expect(await store.outbox.present([sent.id])).toEqual([sent.id])
  })
})

describe('what cannot be reached', () => {
  test('nothing listens: start() and every call say so, without the password', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const store = storeOn(`postgres://app:s3cret-word@127.0.0.1:${port}/shop`)
    for (const attempt of [() => store.start(), () => store.ping(), () => store.migrations.migrate()]) {
      const error = await attempt().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
      expect((error as Error).message).toContain(`127.0.0.1:${port}/shop`)
      expect(deepText(error)).not.toContain('s3cret-word')
    }
  })

  test('a wrong password and an unknown database are told as they are, without the password', async () => {
    const { url } = await testDatabase()
    const wrong = new URL(url)
    wrong.password = 's3cret-word'
    const refused = await storeOn(wrong.href)
      .start()
      .catch((reason: unknown) => reason)
    expect(refused).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect((refused as Error).message).toContain('password')
    expect(deepText(refused)).not.toContain('s3cret-word')

    const missing = await storeOn(url.replace(/[^/]+$/, 'no_such_database'))
      .start()
      .catch((reason: unknown) => reason)
    expect((missing as Error).message).toContain('no_such_database')
    expect(missing).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test('a connection string that cannot be read is refused, without the password', () => {
    for (const connectionString of ['postgres://app:s3cret#word@host:99999999/shop', 'postgres://app:s3cret@ho st/x']) {
      let error: unknown
      try {
        postgresStore({ connectionString })
      } catch (reason) {
        error = reason
      }
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
      expect(deepText(error)).not.toContain('s3cret')
    }
    expect(() => postgresStore({})).toThrow('connectionString or a pool')
  })

  test('a server with no connection left is unavailable, and then available', async () => {
    const server = await privatePostgres({ settings: { max_connections: 6, superuser_reserved_connections: 0 } })
    onTestFinished(() => server.down())
    const greedy = storeOn(server.url, { maxConnections: 20 })
    const modest = storeOn(server.url, { connectTimeoutMs: 1_000 })
    const finish = gate()
    const holding: Promise<unknown>[] = []
    let refused = 0
    for (let n = 0; n < 8; n++) {
      const begun = gate()
      const run = greedy.transaction(async (tx) => {
        await tx.query('select 1')
        begun.open()
        await finish.opened
      })
      holding.push(run.catch(() => refused++))
      await Promise.race([begun.opened, run.catch(() => undefined)])
    }
    expect(refused).toBeGreaterThan(0)
    expect(await codeOf(modest.ping())).toBe('STORE_UNAVAILABLE')
    finish.open()
    await Promise.all(holding)
    await greedy.stop()
    await until(() =>
      modest.ping().then(
        () => true,
        () => false,
      ),
    )
  })

  test('a transaction that finds no free connection within the connect timeout is unavailable', async () => {
    const { url } = await testDatabase()
    const store = storeOn(url, { maxConnections: 1, connectTimeoutMs: 1_000 })
    await until(() =>
      store.ping().then(
        () => true,
        () => false,
      ),
    )
    await expect(store.transaction(() => store.ping())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await store.ping()
  })
})

describe('a process that dies', () => {
  test('a process that is killed in its transaction lets go of its messages', async () => {
    const { url } = await testDatabase()
    const store = storeOn(url)
    await store.start()
    const received = message()
    const child = spawn(process.execPath, ['--conditions=@warren/source', `${import.meta.dirname}/hold.ts`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, DATABASE: url, MESSAGE_ID: received.id },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    const second = store.transaction((tx) => store.inbox.receive(tx, 'order.crm', [received]))
    await untilBlocked(store)
    child.kill('SIGKILL')
    expect(await second).toEqual(new Set([received.id]))
  })
})

/** An error with all that would be printed of it. */
function deepText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = Object.getOwnPropertyNames(error).map((name) => String(Reflect.get(error, name)))
  return [...own, JSON.stringify(error), deepText(error.cause)].join('\n')
}
