import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { describe, expect, onTestFinished, test } from 'vitest'

import { newId } from '../../src/envelope/uuid.ts'
import { DAY_MS, leastIdAt } from '../../src/store/ids.ts'
import { migrationFiles } from '../../src/store/migration-files.ts'
import { sqliteStore } from '../../src/store/sqlite/index.ts'
import type { Store } from '../../src/store/store.ts'
import { codeOf, event, failure, gate, message } from './fixtures.ts'
import { freshFile, openSqlite } from './sqlite-fixtures.ts'

/** A process of its own that runs a file of this folder. */
function runChild(file: string, env: Record<string, string>) {
  const child = spawn(process.execPath, ['--conditions=@warren/source', join(import.meta.dirname, file)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

describe('one file, several processes', () => {
  test('three processes write at once, and every transaction of each is there', async () => {
    const path = await freshFile()
    const store = await openSqlite(path)
    await store.transaction((tx) => tx.query('create table effect (process text, n integer)'))
    const children = ['a', 'b', 'c'].map((name) => runChild('write.ts', { DATABASE: path, NAME: name, COUNT: '100' }))
    const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as unknown))
    expect(codes).toEqual([0, 0, 0])
    const { rows } = await store.query('select process, count(*) as n from effect group by process order by process')
    expect(rows).toEqual(['a', 'b', 'c'].map((name) => ({ process: name, n: 100 })))
    expect(await store.outbox.backlog()).toMatchObject({ pending: 300 })
  })

  test('five stores that start at once on a new file migrate it once', async () => {
    const path = await freshFile()
    const stores = await Promise.all(Array.from({ length: 5 }, () => openSqlite(path)))
    const { rows } = await stores[0]!.query('select name from warren_migration')
    expect(rows).toEqual(migrationFiles('sqlite').map(({ name }) => ({ name })))
  })

  test('a process that is killed in its transaction leaves nothing, and its lock is free', async () => {
    const path = await freshFile()
    const store = await openSqlite(path)
    const received = message()
    const child = runChild('hold.ts', { DATABASE: path, MESSAGE_ID: received.id })
    await once(child.stdout, 'data')
    const second = store.transaction((tx) => store.inbox.receive(tx, 'order.crm', [received]))
    child.kill('SIGKILL')
    expect(await second).toEqual(new Set([received.id]))
  })

  test('a file that another process holds for too long is unavailable, and waiting for it blocks nobody else', async () => {
    const path = await freshFile()
    const store = await openSqlite(path, { busyTimeoutMs: 400 })
    const holder = new DatabaseSync(path)
    onTestFinished(() => holder.close())
    holder.exec('begin immediate')

    const startedAtMs = performance.now()
    let [lastTurnMs, longestTurnMs] = [startedAtMs, 0]
    const turn = () => {
      const now = performance.now()
      longestTurnMs = Math.max(longestTurnMs, now - lastTurnMs)
      lastTurnMs = now
    }
    const turns = setInterval(turn, 1)
    const waiting = store.outbox.confirm([newId()]).catch((error: unknown) => error)
    // Reading goes on meanwhile.
    expect(await store.outbox.claim({ buckets: [0], exclude: [], limit: 1 })).toEqual([])
    const error = await waiting
    turn()
    clearInterval(turns)

    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(store.isUnavailable(error)).toBe(true)
    expect(performance.now() - startedAtMs).toBeGreaterThan(390)
    expect(longestTurnMs).toBeLessThan(200)

    holder.exec('commit')
    await store.transaction((tx) => store.outbox.append(tx, [event()]))
    expect(await store.outbox.backlog()).toMatchObject({ pending: 1 })
  })
})

describe('one transaction at a time', () => {
  test('a transaction inside another one is refused instead of waiting for ever', async () => {
    const store = await openSqlite(await freshFile())
    const run = store.transaction(async () => {
      await new Promise(setImmediate)
      await store.transaction(() => Promise.resolve())
    })
    expect(await codeOf(run)).toBe('TRANSACTION_NESTED')
    await store.transaction(() => Promise.resolve())
  })

  test('what a handler sets going may write once the transaction is over', async () => {
    const store = await openSqlite(await freshFile())
    const over = gate()
    let later: Promise<unknown> = Promise.resolve()
    let own: Promise<unknown> = Promise.resolve()
    await store.transaction(async () => {
      later = over.opened.then(() => store.transaction((tx) => store.outbox.append(tx, [event()])))
      // Warren's own writes, a relay's that was woken here for one, wait for their turn.
      own = store.leases.acquire('relay', ['1'], 'a', 1_000)
      await new Promise(setImmediate)
    })
    over.open()
    await later
    expect(await own).toEqual(['1'])
    expect(await store.outbox.backlog()).toMatchObject({ pending: 1 })
  })

  test('two stores on two files nest', async () => {
    const [one, two] = [await openSqlite(await freshFile()), await openSqlite(await freshFile())]
    await one.transaction(() => two.transaction((tx) => two.outbox.append(tx, [event()])))
    expect(await two.outbox.backlog()).toMatchObject({ pending: 1 })
  })

  test('a handler that ends the transaction itself is told, and writes nothing more', async () => {
    const store = await openSqlite(await freshFile())
    await store.transaction((tx) => tx.query('create table effect (id text)'))
    const run = store.transaction(async (tx) => {
      tx.database.exec('commit')
      await tx.query('insert into effect values (1)')
    })
    expect(await codeOf(run)).toBe('TRANSACTION_ABORTED')
    const silent = store.transaction((tx) => {
      tx.database.exec('rollback')
      return Promise.resolve()
    })
    expect(await codeOf(silent)).toBe('TRANSACTION_ABORTED')
    expect((await store.query('select * from effect')).rows).toEqual([])
  })

  test('a full disk is unavailable, undoes the transaction, and is no end', async () => {
    const path = await freshFile()
    const store = await openSqlite(path)
    await store.transaction((tx) => {
      tx.database.exec('create table effect (id text); pragma max_page_count = 80')
      return Promise.resolve()
    })
    const large = 'x'.repeat(10_000)
    const run = store.transaction(async (tx) => {
      for (let n = 0; n < 1_000; n++) await tx.query('insert into effect values ($1)', [large])
    })
    const error = await run.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect((await store.query('select count(*) as n from effect')).rows).toEqual([{ n: 0 }])

    await store.transaction((tx) => {
      tx.database.exec('pragma max_page_count = 100000')
      return Promise.resolve()
    })
    await store.transaction((tx) => tx.query('insert into effect values ($1)', [large]))
  })
})

describe('values and files', () => {
  test('values are translated as documented', async () => {
    const store = await openSqlite(await freshFile())
    const date = new Date('2026-03-01T12:00:00.123Z')
    const bytes = new Uint8Array([1, 2, 255])
    const values = [date, true, false, undefined, null, [1, 'a'], { b: 1 }, 1.5, 'ä', bytes, 9007199254740993n]
    const { rows } = await store.query(
      `select $1 as a, $2 as b, $3 as c, $4 as d, $5 as e, $6 as f, $7 as g, $8 as h, $9 as i, $10 as j, cast($11 as text) as k`,
      values,
    )
    expect(Object.values(rows[0]!)).toEqual([
      date.toISOString(),
      1,
      0,
      null,
      null,
      '[1,"a"]',
      '{"b":1}',
      1.5,
      'ä',
      bytes,
      '9007199254740993',
    ])
    const among = await store.query(`select 2 in (select value from json_each($1)) as found, $1 as again`, [[1, 2]])
    expect(among.rows).toEqual([{ found: 1, again: '[1,2]' }])
    await expect(store.query('select $1', [() => 1])).rejects.toThrow('function')
  })

  test('query() does not write', async () => {
    const store = await openSqlite(await freshFile())
    await expect(store.query('delete from warren_outbox')).rejects.toThrow('readonly')
  })

  test('each commit is on the disk before it resolves', async () => {
    const store = await openSqlite(await freshFile())
    const { rows } = await store.transaction(async (tx) => ({
      rows: [...(await tx.query('pragma journal_mode')).rows, ...(await tx.query('pragma synchronous')).rows],
    }))
    expect(rows).toEqual([{ journal_mode: 'wal' }, { synchronous: 2 }])
  })

  test('a file that cannot be opened is unavailable, and the message names it', async () => {
    const path = join(dirname(await freshFile()), 'no such folder', 'store.db')
    const store = sqliteStore({ path, busyTimeoutMs: 50 })
    onTestFinished(() => store.stop())
    const error = await store.start().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect((error as Error).message).toContain(path)
    await mkdir(dirname(path))
    await store.start()
    await store.ping()
  })

  test('with migrations off start() names what is missing', async () => {
    const path = await freshFile()
    const store = sqliteStore({ path, migrate: 'off' })
    onTestFinished(() => store.stop())
    expect(await codeOf(store.start())).toBe('STORE_NOT_MIGRATED')
    const byHand = new DatabaseSync(path)
    byHand.exec(store.migrations.sql())
    byHand.close()
    await store.start()
    await store.transaction((tx) => tx.query(`update warren_migration set checksum = 'other'`))
    expect(await codeOf(store.start())).toBe('MIGRATION_CHANGED')
    await store.transaction((tx) => tx.query(`insert into warren_migration values ('9999_future', 'x', 1)`))
    await store.transaction((tx) => tx.query(`delete from warren_migration where name <> '9999_future'`))
    expect(await codeOf(store.start())).toBe('STORE_TOO_NEW')
  })
})

describe('retention', () => {
  test('rows that are old and settled are deleted in steps; pending events and failures keep theirs', async () => {
    const store = await openSqlite(await freshFile())
    const old = Array.from({ length: 4_500 }, (_, n) => leastIdAt(Date.now() - 31 * DAY_MS + n))
    const young = newId()
    const [pending, failed] = [old[7]!, old[8]!]
    await store.transaction(async (tx) => {
      await store.outbox.append(
        tx,
        [...old, young].map((id) => event({ id })),
      )
      await store.inbox.receive(
        tx,
        'order.crm',
        [...old.slice(0, 3_000), young].filter((id) => id !== failed).map((id) => message({ id })),
      )
      await store.inbox.receive(tx, 'loyalty', [message({ id: failed })])
      await store.inbox.fail(tx, [failure('order.crm', { messageId: failed, state: 'parked' })])
      const mended = old.slice(0, 2_500).map((messageId) => failure('order.mail', { messageId }))
      await store.inbox.fail(tx, mended)
      for (const { messageId } of mended) await store.inbox.resolve(tx, 'order.mail', messageId)
    })
    await store.outbox.confirm([...old.filter((id) => id !== pending), young])
    await store.inbox.countStart('order.crm', young)
    await store.leases.acquire('relay', ['gone'], 'a', -8 * DAY_MS)
    await store.leases.acquire('relay', ['recent'], 'a', -DAY_MS)
    await store.transaction(async (tx) => {
      await tx.query('update warren_inbox_start set counted_at = 1')
      await tx.query('update warren_outbox set created_at = 1')
      await tx.query('update warren_inbox set received_at = 1')
      await tx.query('update warren_inbox_attempt set ended_at = 1')
    })

    expect(await store.maintain({ outboxDays: 30, inboxDays: 30 })).toEqual({
      created: [],
      removed: [
        'outbox: 4499 rows',
        'inbox: 5500 rows',
        'inbox_attempt: 2500 rows',
        'inbox_start: 1 rows',
        'lease: 1 rows',
      ],
      kept: [
        { what: 'outbox: 1 rows', why: 'they are not sent yet' },
        { what: 'inbox: 1 rows', why: 'their failures are not settled yet' },
      ],
    })
    expect((await store.messages.sent({})).map(({ id }) => id)).toEqual([young, pending])
    expect((await store.messages.received({})).map(({ messageId }) => messageId)).toEqual([young, failed])
    expect(await store.failures.attempts(failed)).toMatchObject([{ subscription: 'order.crm' }])
  })

  test('events that are not proven, and receipts that a publisher may ask for, keep their rows', async () => {
    const store = await openSqlite(await freshFile())
    const oldMs = Date.now() - 40 * DAY_MS
    const [proven, unproven] = [leastIdAt(oldMs), leastIdAt(oldMs + DAY_MS)]
    await store.transaction(async (tx) => {
      await store.outbox.append(tx, [event({ id: proven }), event({ id: unproven })])
      await store.inbox.receive(tx, 'order.crm', [message({ id: proven }), message({ id: unproven })])
      await tx.query('update warren_outbox set created_at = 1')
      await tx.query('update warren_inbox set received_at = 1')
    })
    await store.outbox.confirm([proven, unproven])
    await registerSince(store, oldMs)
    await store.reconciliation.proof.record('order.crm', {
      ...{ answer: { barrierId: newId(), roundTripMs: 1, retrying: 0, parked: 0, rewindId: null } },
      ...{ throughMs: oldMs + 1, rewoundMs: null, minutes: [], suspects: [], present: [], absent: [] },
      ...{ ghosts: [], unwanted: [] },
    })
    const barrier = { barrierId: newId(), provenThroughMs: oldMs + 1, rewindId: null, rewoundMs: null, heardId: null }
    await store.reconciliation.receipts.answered('order.crm', 'shop', barrier)

    const retention = { outboxDays: 30, inboxDays: 30 }
    const report = await store.maintain(retention)
    expect(report.removed).toEqual(['outbox: 1 rows', 'inbox: 1 rows'])
    expect(report.kept.map(({ why }) => why)).toEqual([
      expect.stringMatching(/^"order.crm" is proven only up to /),
      expect.stringMatching(/^"shop" has the proof of "order.crm" only up to /),
    ])
    await store.reconciliation.registry.retire('order.crm', 'ann')
    expect((await store.maintain(retention)).removed).toEqual(['outbox: 1 rows'])
  })

  test('a message whose id says nothing of its age is kept for as long as the others', async () => {
    const store = await openSqlite(await freshFile())
    const ids = ['00000000-0000-4000-8000-000000000000', 'ffffffff-ffff-4fff-bfff-ffffffffffff']
    const retention = { outboxDays: 30, inboxDays: 30 }
    await store.transaction((tx) =>
      store.inbox.receive(
        tx,
        'order.crm',
        ids.map((id) => message({ id })),
      ),
    )
    expect((await store.maintain(retention)).removed).toEqual([])
    await store.transaction((tx) => tx.query('update warren_inbox set received_at = $1', [Date.now() - 31 * DAY_MS]))
    expect((await store.maintain(retention)).removed).toEqual(['inbox: 2 rows'])
  })
})

describe('a path that may be a slip', () => {
  const open = (path: string) => codeOf(openSqlite(path, { migrate: 'off' }))

  /** The names and bytes of all that is in the folder of the file. */
  async function contents(path: string): Promise<Readonly<Record<string, string>>> {
    const names = (await readdir(dirname(path))).toSorted()
    const bytes = names.map(async (name) => [name, await readFile(join(dirname(path), name), 'hex')] as const)
    return Object.fromEntries(await Promise.all(bytes))
  }

  test('no file is made where migrations are off', async () => {
    const path = await freshFile()
    expect(await open(path)).toBe('STORE_NOT_MIGRATED')
    expect(await contents(path)).toEqual({})
  })

  test.each(['delete', 'wal'])('another database in the journal mode "%s" stays as it is', async (mode) => {
    const path = await freshFile()
    const other = new DatabaseSync(path)
    other.exec(`pragma journal_mode = ${mode}; create table note (text text)`)
    other.close()
    const before = await contents(path)
    expect(await open(path)).toBe('STORE_NOT_MIGRATED')
    expect(await contents(path)).toEqual(before)
  })

  test('a file that is no database stays as it is', async () => {
    const path = await freshFile()
    await writeFile(path, 'shopping list')
    expect(await open(path)).toBe('STORE_INVALID')
    expect(await contents(path)).toEqual({ 'store.db': Buffer.from('shopping list').toString('hex') })
  })

  test('a store is known by its write-ahead log, too', async () => {
    const path = await freshFile()
    // It stays open, so that nobody takes the log into the file at the end.
    const holder = new DatabaseSync(path)
    onTestFinished(() => holder.close())
    holder.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0')
    const writer = await openSqlite(path)
    await writer.transaction((tx) => writer.outbox.append(tx, [event()]))
    const reader = await openSqlite(path, { migrate: 'off' })
    expect(await reader.outbox.backlog()).toMatchObject({ pending: 1 })
  })
})

async function registerSince(store: Store, fromMs: number): Promise<void> {
  const subscription = { name: 'order.crm', service: 'crm', queue: 'qu.order.crm', hasInbox: true, timeoutMs: 1_000 }
  const begin = { closeMs: 0, fromMs, patterns: ['order.#'] }
  await store.reconciliation.registry.register(
    { ...subscription, queueCreatedMs: null, patternsSinceMs: 0 },
    begin,
    null,
  )
}
