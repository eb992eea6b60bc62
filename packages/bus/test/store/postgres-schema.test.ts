import { describe, expect, onTestFinished, test } from 'vitest'

import { testDatabase } from '../../../../test/support/postgres.ts'
import type { WarrenError } from '../../src/errors.ts'
import { newId } from '../../src/envelope/uuid.ts'
import { DAY_MS, dayOf, leastIdAt } from '../../src/store/ids.ts'
import { migrationFiles } from '../../src/store/migration-files.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import type { PostgresStore, PostgresStoreOptions } from '../../src/store/postgres/index.ts'
import type { Findings } from '../../src/store/contract/reconciliation.ts'
import { codeOf, event, failure, gate, message } from './fixtures.ts'

async function freshStore(options: Partial<PostgresStoreOptions> = {}): Promise<{ store: PostgresStore; url: string }> {
  const { url } = await testDatabase()
  return { store: storeOn(url, options), url }
}

function storeOn(url: string, options: Partial<PostgresStoreOptions> = {}): PostgresStore {
  const store = postgresStore({ connectionString: url, ...options })
  onTestFinished(() => store.stop())
  return store
}

const names = migrationFiles('postgres').map(({ name }) => name)

describe('migrations', () => {
  test('five processes that start at once migrate once', async () => {
    const { url } = await testDatabase()
    const stores = Array.from({ length: 5 }, () => storeOn(url))
    await Promise.all(stores.map((store) => store.start()))
    await Promise.all(stores.map((store) => store.migrations.migrate()))
    const { rows } = await stores[0]!.query('select name from warren.migration')
    expect(rows).toEqual(names.map((name) => ({ name })))
  })

  test('with migrations off start() names what is missing, and passes once it is applied', async () => {
    const { store, url } = await freshStore({ migrate: 'off' })
    const error = await store.start().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_NOT_MIGRATED' })
    expect((error as Error).message).toContain('0001_initial')
    expect(await store.migrations.status()).toEqual(names.map((name) => ({ name, appliedAt: null })))
    expect(await storeOn(url).migrations.migrate()).toEqual(names)
    await store.start()
    expect((await store.migrations.status())[0]!.appliedAt).toBeInstanceOf(Date)
  })

  test('a schema of a newer version is left alone', async () => {
    const { store } = await freshStore()
    await store.start()
    await store.query(`insert into warren.migration (name, checksum) values ('9999_future', 'x')`)
    expect(await codeOf(store.start())).toBe('STORE_TOO_NEW')
    expect(await codeOf(store.migrations.migrate())).toBe('STORE_TOO_NEW')
    expect((await store.migrations.status()).map(({ name }) => name)).toEqual([...names, '9999_future'])
  })

  test('an applied migration whose text is another one now is refused', async () => {
    const { store } = await freshStore()
    await store.start()
    await store.query(`update warren.migration set checksum = 'other'`)
    expect(await codeOf(store.start())).toBe('MIGRATION_CHANGED')
  })

  test('the statements can be run with a tool of one’s own', async () => {
    const { store } = await freshStore({ migrate: 'off' })
    await store.query(store.migrations.sql())
    await store.start()
    const sent = event()
    await store.transaction((tx) => store.outbox.append(tx, [sent]))
    expect(await store.outbox.claim({ buckets: [0], exclude: [], limit: 1 })).toMatchObject([sent])
  })

  test('two services in one database keep apart by schema', async () => {
    const { url } = await testDatabase()
    const [shop, crm] = [storeOn(url, { schema: 'shop' }), storeOn(url, { schema: 'crm_2' })]
    await Promise.all([shop.start(), crm.start()])
    await shop.transaction((tx) => shop.outbox.append(tx, [event()]))
    expect(await shop.messages.sent({})).toHaveLength(1)
    expect(await crm.messages.sent({})).toHaveLength(0)
    expect(await crm.maintain({ outboxDays: 30, inboxDays: 30 })).toMatchObject({ removed: [], kept: [] })
    expect((await shop.query(`select 1 from pg_namespace where nspname = 'warren'`)).rows).toEqual([])
    expect(shop.migrations.sql()).not.toContain('warren.')
  })

  test('a schema name that would need quotes is refused', () => {
    for (const schema of ['Shop', 'a b', 'x"; drop', '']) {
      expect(() => postgresStore({ connectionString: 'postgres://localhost/x', schema })).toThrow('schema')
    }
  })

  /** A store as a role with no right but to connect sees it, and what the role is called. */
  async function limitedStore(options: Partial<PostgresStoreOptions> = {}) {
    const { store, url } = await freshStore()
    // With capitals, which take quotes.
    const name = `Role_${newId().slice(-12)}`
    const role = `"${name}"`
    await store.query(`create role ${role} login password 'x'`)
    const asRole = new URL(url)
    asRole.username = name
    asRole.password = 'x'
    const limited = storeOn(asRole.href, options)
    onTestFinished(async () => {
      await limited.stop()
      await store.query(`drop owned by ${role} cascade; drop role ${role}`)
    })
    return { store, limited, role }
  }

  test('a role that may not create a schema is told the statement that helps, and it does', async () => {
    const { store, limited, role } = await limitedStore()
    // One after the other: a promise that is refused before somebody waits for it ends the process.
    for (const start of [() => limited.start(), () => limited.migrations.migrate()]) {
      const error: unknown = await start().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'STORE_FORBIDDEN', details: { schema: 'warren', role } })
      expect((error as Error).message).toMatch(
        /permission denied for database .* run: create schema warren .*store sql/,
      )
      expect((error as Error).message).not.toContain('password')
    }
    await store.query(`create schema warren authorization ${role}`)
    await limited.start()
    expect(await limited.messages.sent({})).toEqual([])
  })

  test('a role that may not use the schema of another is told so too, with migrations off as well', async () => {
    const { store, limited } = await limitedStore({ migrate: 'off' })
    await store.start()
    const error: unknown = await limited.start().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'STORE_FORBIDDEN' })
    await store.query(String((error as WarrenError).details['sql']))
    await limited.start()
    await limited.transaction((tx) => limited.outbox.append(tx, [event()]))
  })

  test('a role that may not create schemas can migrate one that was made for it', async () => {
    const { store, limited, role } = await limitedStore()
    await store.query(`create schema warren authorization ${role}`)
    await limited.start()
    await limited.transaction((tx) => limited.outbox.append(tx, [event()]))
    expect(await limited.messages.sent({})).toHaveLength(1)
  })
})

describe('partitions', () => {
  const retention = { outboxDays: 30, inboxDays: 30 }
  const daysAgo = (days: number) => dayOf(Date.now()) - days * DAY_MS
  const nameOf = (table: string, day: number) =>
    `${table}_${new Date(day).toISOString().slice(0, 10).replaceAll('-', '')}`

  /** Partitions of a day long ago, as if maintain() had made them then. */
  async function addPartition(
    store: PostgresStore,
    day: number,
    tables: readonly string[] = ['outbox', 'inbox'],
  ): Promise<void> {
    for (const table of tables) {
      await store.query(
        `create table warren.${nameOf(table, day)} partition of warren.${table}
         for values from ('${leastIdAt(day)}') to ('${leastIdAt(day + DAY_MS)}')`,
      )
    }
  }
  const partitions = async (store: PostgresStore, table: string) =>
    (
      await store.query<{ name: string }>(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = to_regclass($1) order by 1`,
        [`warren.${table}`],
      )
    ).rows.map(({ name }) => name.replace('warren.', ''))

  test('there is one for today and for each of the next seven days, and one for all else', async () => {
    const { store } = await freshStore()
    await store.start()
    for (const table of ['outbox', 'inbox', 'inbox_attempt']) {
      const days = Array.from({ length: 8 }, (_, n) => nameOf(table, daysAgo(-n)))
      expect(await partitions(store, table)).toEqual([...days, `${table}_default`])
    }
    const sent = event()
    await store.transaction((tx) => store.outbox.append(tx, [sent]))
    const { rows } = await store.query('select tableoid::regclass::text as name from warren.outbox')
    expect(rows).toEqual([{ name: `warren.${nameOf('outbox', daysAgo(0))}` }])
  })

  test('an id of any time or version finds a place', async () => {
    const { store } = await freshStore()
    await store.start()
    const ids = [
      leastIdAt(0),
      leastIdAt(Date.parse('2099-01-01')),
      crypto.randomUUID(),
      'ffffffff-ffff-ffff-ffff-ffffffffffff',
    ]
    await store.transaction((tx) =>
      store.outbox.append(
        tx,
        ids.map((id) => event({ id })),
      ),
    )
    await store.transaction((tx) =>
      store.inbox.receive(
        tx,
        'order.crm',
        ids.map((id) => message({ id })),
      ),
    )
    expect(await store.outbox.claim({ buckets: [0], exclude: [], limit: 10 })).toHaveLength(4)
    expect(await store.maintain(retention)).toMatchObject({ created: [], removed: [], kept: [] })
  })

  test('days that are old and settled are dropped; pending events and failures keep theirs', async () => {
    const { store } = await freshStore()
    await store.start()
    const [empty, full, recent] = [daysAgo(40), daysAgo(35), daysAgo(29)]
    for (const day of [empty, full, recent]) await addPartition(store, day)
    const at = (day: number) => leastIdAt(day + 1_000)
    await store.transaction(async (tx) => {
      await store.outbox.append(tx, [event({ id: at(empty) }), event({ id: at(full) }), event({ id: at(recent) })])
      await store.inbox.receive(tx, 'order.crm', [message({ id: at(empty) }), message({ id: at(recent) })])
      await store.inbox.fail(tx, [failure('order.crm', { messageId: at(full), state: 'parked' })])
    })
    await store.outbox.confirm([at(empty), at(recent)])

    const report = await store.maintain(retention)
    expect(report.removed).toEqual([nameOf('outbox', empty), nameOf('inbox', empty)])
    expect(report.kept).toEqual([
      { what: nameOf('outbox', full), why: '1 events are not sent yet' },
      { what: nameOf('inbox', full), why: '1 failures are not settled yet' },
    ])
    expect((await store.messages.sent({})).map(({ id }) => id)).toEqual([at(recent), at(full)])

    await store.outbox.confirm([at(full)])
    await store.failures.discard({}, 'ann')
    expect((await store.maintain(retention)).removed).toEqual([nameOf('outbox', full), nameOf('inbox', full)])
    expect(await store.maintain(retention)).toEqual({ created: [], removed: [], kept: [] })
  })

  test('attempts go with the day of their messages, once these are settled', async () => {
    const { store } = await freshStore()
    await store.start()
    await addPartition(store, daysAgo(40), ['inbox', 'inbox_attempt'])
    const [settled, failing] = [leastIdAt(daysAgo(40) + 1), leastIdAt(daysAgo(40) + 2)]
    await store.transaction((tx) =>
      store.inbox.fail(
        tx,
        [settled, failing].map((messageId) => failure('order.crm', { messageId })),
      ),
    )
    await store.transaction((tx) => store.inbox.resolve(tx, 'order.crm', settled))
    const why = '1 failures are not settled yet'
    expect((await store.maintain(retention)).kept).toEqual([
      { what: nameOf('inbox', daysAgo(40)), why },
      { what: nameOf('inbox_attempt', daysAgo(40)), why },
    ])
    expect(await store.failures.attempts(settled)).toHaveLength(1)
    await store.failures.discard({}, 'ann')
    expect((await store.maintain(retention)).removed).toEqual([
      nameOf('inbox', daysAgo(40)),
      nameOf('inbox_attempt', daysAgo(40)),
    ])
    expect(await store.failures.attempts(settled)).toEqual([])
  })

  test('days that are not proven, or in which an event is missing, are kept', async () => {
    const { store } = await freshStore()
    await store.start()
    const [proven, unproven] = [daysAgo(40), daysAgo(35)]
    for (const day of [proven, unproven]) await addPartition(store, day)
    const { registry, proof } = store.reconciliation
    const subscription = { name: 'order.crm', service: 'crm', queue: 'qu.order.crm', hasInbox: true, timeoutMs: 1_000 }
    const begin = { closeMs: 0, fromMs: proven, patterns: ['order.#'] }
    await registry.register({ ...subscription, queueCreatedMs: null, patternsSinceMs: 0 }, begin, null)
    const answer = () => ({ barrierId: newId(), roundTripMs: 1, retrying: 0, parked: 0, rewindId: null })
    const none = { rewoundMs: null, minutes: [], suspects: [], present: [], absent: [], ghosts: [], unwanted: [] }
    const record = (changes: Partial<Findings>) =>
      proof.record('order.crm', { ...none, answer: answer(), throughMs: null, ...changes })
    await record({ throughMs: unproven + 1_000 })

    const report = await store.maintain(retention)
    expect(report.removed).toEqual([nameOf('outbox', proven), nameOf('inbox', proven), nameOf('inbox', unproven)])
    expect(report.kept).toEqual([
      { what: nameOf('outbox', unproven), why: expect.stringMatching(/^"order.crm" is proven only up to /) as unknown },
    ])

    await record({ throughMs: daysAgo(1) })
    const lost = { id: leastIdAt(unproven + 5_000), name: 'order.payment.onPaid' }
    await record({ suspects: [lost] })
    expect((await store.maintain(retention)).kept).toEqual([
      { what: nameOf('outbox', unproven), why: expect.stringContaining(lost.id) as unknown },
    ])
    await registry.retire('order.crm', 'ann')
    expect((await store.maintain(retention)).removed).toContain(nameOf('outbox', unproven))
  })

  test('the day in which the retention ends is kept whole', async () => {
    const { store } = await freshStore()
    await store.start()
    await addPartition(store, daysAgo(30))
    await addPartition(store, daysAgo(31))
    expect((await store.maintain(retention)).removed).toEqual([
      nameOf('outbox', daysAgo(31)),
      nameOf('inbox', daysAgo(31)),
    ])
  })

  test('a role that may insert into the table alone publishes all the same', async () => {
    const { store, url } = await freshStore()
    await store.start()
    const role = `role_${newId().replaceAll('-', '')}`
    await store.query(`create role ${role} login password 'secret'`)
    onTestFinished(async () => {
      await store.query(`drop owned by ${role}; drop role ${role}`)
    })
    await store.query(`grant usage on schema warren to ${role}`)
    await store.query(`grant select on all tables in schema warren to ${role}`)
    await store.query(`grant insert on warren.outbox, warren.outbox_pending to ${role}`)
    const restricted = new URL(url)
    restricted.username = role
    restricted.password = 'secret'
    const poor = storeOn(restricted.href, { migrate: 'off' })
    await poor.start()
    const sent = event()
    await poor.transaction((tx) => poor.outbox.append(tx, [sent]))
    expect(await store.outbox.present([sent.id])).toEqual([sent.id])
  })

  test('what is old in the default partitions is deleted, unless it is needed', async () => {
    const { store } = await freshStore()
    await store.start()
    const [old, pending, young] = [
      event({ id: crypto.randomUUID() }),
      event({ id: crypto.randomUUID() }),
      event({ id: crypto.randomUUID() }),
    ]
    const failed = failure('order.crm', { messageId: old.id, state: 'parked' })
    const mended = failure('loyalty', { messageId: old.id })
    await store.transaction(async (tx) => {
      await store.outbox.append(tx, [old, pending, young])
      await store.inbox.receive(tx, 'order.crm', [message({ id: pending.id }), message({ id: young.id })])
      await store.inbox.fail(tx, [failed, mended])
      await store.inbox.resolve(tx, 'loyalty', mended.messageId)
    })
    await store.outbox.confirm([old.id, young.id])
    const age = `now() - interval '31 days'`
    await store.query(`update warren.outbox_default set created_at = ${age} where id <> '${young.id}'`)
    await store.query(`update warren.inbox_default set received_at = ${age} where message_id <> '${young.id}'`)
    await store.query('update warren.inbox_attempt set ended_at = 1')
    await store.inbox.countStart('order.crm', old.id)
    await store.query(`update warren.inbox_start set counted_at = ${age}`)
    await store.leases.acquire('relay', ['gone', 'recent'], 'a', -1)
    await store.query(`update warren.lease set expires_at = now() - interval '8 days' where name = 'gone'`)
    expect((await store.maintain(retention)).removed).toEqual([
      'outbox_default: 1 rows',
      'inbox_default: 2 rows',
      'inbox_attempt_default: 1 rows',
      'inbox_start: 1 rows',
      'lease: 1 rows',
    ])
    expect((await store.messages.sent({})).map(({ id }) => id).toSorted()).toEqual([pending.id, young.id].toSorted())
    expect((await store.messages.received({})).map(({ messageId }) => messageId).toSorted()).toEqual(
      [failed.messageId, young.id].toSorted(),
    )
    expect(await store.failures.attempts(old.id)).toMatchObject([{ subscription: 'order.crm' }])
  })

  test('a day whose rows are in the default partition already gets no partition, and the others do', async () => {
    const { store } = await freshStore({ migrate: 'off' })
    await store.query(store.migrations.sql())
    await store.start()
    await store.transaction((tx) => store.outbox.append(tx, [event()]))
    const { created, kept } = await store.maintain(retention)
    expect(created).toHaveLength(23)
    expect(created).not.toContain(nameOf('outbox', daysAgo(0)))
    expect(kept).toMatchObject([{ what: nameOf('outbox', daysAgo(0)) }])
    expect(await store.outbox.claim({ buckets: [0], exclude: [], limit: 10 })).toHaveLength(1)
  })

  test('a partition in use is left for the next time, and writers do not wait for it', async () => {
    const { store } = await freshStore()
    await store.start()
    await addPartition(store, daysAgo(40))
    const [begun, finish] = [gate(), gate()]
    const reader = store.transaction(async (tx) => {
      await tx.query(`select count(*) from warren.${nameOf('outbox', daysAgo(40))}`)
      begun.open()
      await finish.opened
    })
    await begun.opened
    const progress = { isDone: false }
    const maintained = store.maintain(retention).finally(() => {
      progress.isDone = true
    })
    let slowestMs = 0
    while (!progress.isDone) {
      const startedAtMs = performance.now()
      await store.transaction((tx) => store.outbox.append(tx, [event()]))
      slowestMs = Math.max(slowestMs, performance.now() - startedAtMs)
    }
    // It gives up after 500 ms.
    expect(slowestMs).toBeLessThan(5_000)
    const { removed, kept } = await maintained
    expect(removed).toEqual([nameOf('inbox', daysAgo(40))])
    expect(kept).toMatchObject([{ what: nameOf('outbox', daysAgo(40)) }])
    finish.open()
    await reader
    expect((await store.maintain(retention)).removed).toEqual([nameOf('outbox', daysAgo(40))])
  })
})
