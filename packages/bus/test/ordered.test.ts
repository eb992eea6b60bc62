import { beforeAll, describe, expect, it } from 'vitest'
import { sharedCluster } from '../../../test/support/broker.ts'
import { closed, moved, opened } from './support/bank.ts'
import { declareSharedQueue, makeBank } from './support/ordered.ts'
import type { BankBus } from './support/ordered.ts'
import { rawChannel } from './support/raw.ts'
import { eventually, freshDatabase, storeKinds } from './support/service.ts'

const ordered = { ordered: true, timeoutMs: 5_000 } as const
const often = { attempts: 1_000, delayMs: 50, factor: 1 } as const

/** Subscribes `account.ledger`: writes down what it handles, as `a1`, and throws for what is in `broken`. */
async function ledger(bus: BankBus, options: { readonly attempts?: number } = {}) {
  const handled: string[] = []
  const broken = new Set<string>()
  await bus.subscribe(
    'account.ledger',
    ['account.#'],
    ({ entityId, sequence }) => {
      const event = `${entityId}${sequence}`
      if (broken.has(event)) throw new Error(`${event} is broken`)
      handled.push(event)
    },
    { ...ordered, retry: { ...often, ...options } },
  )
  const of = (account: string) => handled.filter((each) => each.startsWith(account))
  return { handled, broken, of }
}

// Its start is not the first test's.
beforeAll(async () => {
  await sharedCluster()
})

describe.each(storeKinds)('an ordered subscription with a %s store', (kind) => {
  it('lets a failing event hold up its own entity alone, until it succeeds', async () => {
    const { bus, store } = await makeBank({ kind })
    const { handled, broken, of } = await ledger(bus)
    broken.add('a2')
    await bus.start()
    // In one transaction, so that one batch has all of them.
    await bus.transaction(async (tx) => {
      for (const account of ['a', 'b']) {
        await bus.publish(tx, opened, { account })
        await bus.publish(tx, moved, { account })
        await bus.publish(tx, closed, { account })
      }
    })
    await eventually(() => of('b').length === 3)
    await eventually(async () => (await store.failures.blocked({}))[0]?.waiting === 1)
    expect(await store.failures.blocked({})).toMatchObject([
      {
        ...{ subscription: 'account.ledger', source: 'bank', entity: 'account', entityId: 'a' },
        blocker: { kind: 'retrying', sequence: 2, name: moved, error: 'a2 is broken' },
      },
    ])
    expect(handled.toSorted()).toEqual(['a1', 'b1', 'b2', 'b3'])
    // A person who retries the one that waits does not get it past the one that fails.
    const waiting = (await store.failures.list({ name: closed }))[0]?.messageId
    const lookedAt = new Promise<string>((resolve) => {
      bus.signals.received.on(({ id, kind }) => id === waiting && resolve(kind))
    })
    expect(await store.failures.retry({ name: closed }, 'ann')).toBe(1)
    expect(await lookedAt).toBe('waiting')
    expect(of('a')).toEqual(['a1'])
    broken.clear()
    await eventually(() => of('a').length === 3)
    expect([of('a'), of('b')]).toEqual([
      ['a1', 'a2', 'a3'],
      ['b1', 'b2', 'b3'],
    ])
    await eventually(async () => (await store.failures.blocked({})).length === 0)
  })

  it('waits behind a parked event, until a person retries it, gives it up or sets it aside', async () => {
    const { bus, store } = await makeBank({ kind })
    const { broken, of } = await ledger(bus, { attempts: 1 })
    for (const account of ['a', 'b', 'c']) broken.add(`${account}1`)
    await bus.start()
    for (const account of ['a', 'b', 'c']) {
      await bus.publish(opened, { account })
      await bus.publish(moved, { account })
      await bus.publish(closed, { account })
    }
    await eventually(async () => {
      const blocked = await store.failures.blocked({})
      return blocked.length === 3 && blocked.every(({ waiting, blocker }) => waiting === 2 && blocker.kind === 'parked')
    })
    expect(of('')).toEqual([])

    expect(await store.failures.discard({ entityId: 'a', state: 'parked' }, 'ann')).toBe(1)
    await eventually(() => of('a').length === 2)
    expect(await store.failures.release({ entityId: 'b', state: 'parked' }, 'ann')).toBe(1)
    await eventually(() => of('b').length === 2)
    broken.clear()
    expect(await store.failures.retry({ entityId: 'c', state: 'parked' }, 'ann')).toBe(1)
    await eventually(() => of('c').length === 3)
    expect([of('a'), of('b'), of('c')]).toEqual([
      ['a2', 'a3'],
      ['b2', 'b3'],
      ['c1', 'c2', 'c3'],
    ])

    // What was set aside is handled out of its order, because a person wants it.
    expect(await store.failures.retry({ entityId: 'b' }, 'ann')).toBe(1)
    await eventually(() => of('b').length === 3)
    await eventually(async () => (await store.failures.list({})).length === 0)
  })

  it('holds an event back whose predecessor was lost, until compensation has brought it', async () => {
    const { bus, store, endpoints } = await makeBank({ kind })
    const { of } = await ledger(bus)
    await bus.start()
    await bus.publish(opened, { account: 'a' })
    await eventually(() => of('a').length === 1)
    await eventually(async () => (await store.reconciliation.proof.list()).length === 1)
    const channel = await rawChannel(endpoints)
    // Another queue takes it, so that it counts as sent.
    await channel.assertQueue('elsewhere', { exclusive: true })
    await channel.bindQueue('elsewhere', 'ex.account.topic', '#')
    await channel.unbindQueue('qu.account.ledger', 'ex.account.topic', 'account.#')
    const lost = await bus.publish(moved, { account: 'a' })
    await eventually(async () => (await store.messages.trace(lost.id)).sent?.state === 'sent')
    await channel.bindQueue('qu.account.ledger', 'ex.account.topic', 'account.#')
    await bus.publish(closed, { account: 'a' })
    await eventually(() => of('a').length === 3)
    expect(of('a')).toEqual(['a1', 'a2', 'a3'])
  })

  it('is handled by one instance at a time, and by the other when that one goes', async () => {
    const database = await freshDatabase(kind)
    const first = await makeBank({ store: database.open() })
    const second = await makeBank({ store: database.open(), endpoints: first.endpoints })
    const handled: string[] = []
    for (const [name, { bus }] of Object.entries({ first, second })) {
      await bus.subscribe('account.ledger', ['account.#'], () => void handled.push(name), ordered)
      await bus.start()
    }
    for (let step = 0; step < 10; step++) await first.bus.publish(moved, { account: `a${step % 3}`, step })
    await eventually(() => handled.length === 10)
    await first.bus.stop()
    for (let step = 0; step < 10; step++) await second.bus.publish(moved, { account: `a${step % 3}`, step })
    await eventually(() => handled.length === 20)
    expect(handled).toEqual([...Array<string>(10).fill('first'), ...Array<string>(10).fill('second')])
  })

  it.each(['one at a time', 'both at once'])('keeps the order over two instances that consume %s', async (how) => {
    const database = await freshDatabase(kind)
    const first = await makeBank({ store: database.open() })
    if (how === 'both at once') await declareSharedQueue(first.endpoints)
    const second = await makeBank({ store: database.open(), endpoints: first.endpoints })
    const all: string[] = []
    for (const { bus } of [first, second]) {
      await bus.subscribe(
        'account.ledger',
        ['account.#'],
        async ({ entityId, sequence }, { tx, attempt }) => {
          await tx.query('insert into step (account, sequence) values ($1, $2)', [entityId, sequence])
          if (Number(sequence) % 5 === 0 && attempt === 1) throw new Error('every fifth fails once')
          all.push(`${entityId}${sequence}`)
        },
        { ...ordered, retry: often },
      )
    }
    await first.store.start()
    await first.store.transaction((tx) => tx.query('create table step (account text, sequence int)'))
    for (const { bus } of [first, second]) await bus.start()
    const publish = async ({ bus }: typeof first): Promise<void> => {
      for (let step = 0; step < 30; step++) await bus.publish(moved, { account: `a${step % 3}`, step })
    }
    await Promise.all([publish(first), publish(second)])
    await eventually(async () => {
      const { rows } = await first.store.query<{ sequence: number }>('select sequence from step')
      return rows.length === 60
    }, 40_000)
    const orderBy = kind === 'sqlite' ? 'rowid' : 'ctid'
    const { rows } = await first.store.query<{ account: string; sequence: number }>(
      `select account, sequence from step order by ${orderBy}`,
    )
    for (const account of ['a0', 'a1', 'a2']) {
      const sequences = rows.filter((row) => row.account === account).map(({ sequence }) => sequence)
      expect(sequences).toEqual(Array.from({ length: 20 }, (_, step) => step + 1))
    }
  })
})

describe('subscribing in order', () => {
  it('is refused for events of entities that have none, and without an inbox', async () => {
    const { bus } = await makeBank()
    const nothing = (): void => undefined
    await expect(bus.subscribe('all', ['#'], nothing, ordered)).rejects.toMatchObject({
      code: 'SUBSCRIPTION_INVALID',
      message: `"all" is ordered and gets "notice.post.onSent", whose entity is not: declare entity('notice', { ordered: true, … }), or leave its events out`,
    })
    await expect(bus.subscribe('bare', ['account.#'], nothing, { ordered: true, inbox: false })).rejects.toMatchObject({
      code: 'SUBSCRIPTION_INVALID',
    })
  })
})
