import { describe, expect, it } from 'vitest'
import { NonRetryableError } from '../src/index.ts'
import { eventually, makeService, storeKinds } from './support/service.ts'
import { rawChannel, rawPublish } from './support/raw.ts'

const quickRetry = { delayMs: 10, maxDelayMs: 50 }
const exchange = 'ex.order.topic'
const paid = 'order.payment.onPaid'

describe.each(storeKinds)('receiving with a %s store', (kind) => {
  it('handles a message once, however often it arrives', async () => {
    const { bus, store, endpoints } = await makeService({ kind })
    const received: string[] = []
    const settled: string[] = []
    bus.signals.received.on(({ kind: outcome }) => settled.push(outcome))
    await bus.subscribe('order.crm', ['order.#'], (event) => void received.push(event.id))
    await bus.start()

    const channel = await rawChannel(endpoints)
    const messageId = crypto.randomUUID()
    for (let copy = 0; copy < 5; copy++) await rawPublish(channel, exchange, paid, { orderId: '1' }, { messageId })
    await eventually(() => settled.length === 5)
    expect(received).toEqual([messageId])
    expect(settled.toSorted()).toEqual(['duplicate', 'duplicate', 'duplicate', 'duplicate', 'handled'])
    expect(await store.messages.received({})).toHaveLength(1)
  })

  it('tells of copies in one batch as duplicates of the first, which failed', async () => {
    const { bus, store, endpoints } = await makeService({ kind })
    const settled: string[] = []
    bus.signals.received.on(({ kind: outcome }) => settled.push(outcome))
    let calls = 0
    const first: PromiseWithResolvers<void> = Promise.withResolvers()
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      async () => {
        calls++
        if (calls === 1) await first.promise
        else throw new NonRetryableError('no')
      },
      { concurrency: 1 },
    )
    await bus.start()
    const channel = await rawChannel(endpoints)
    await rawPublish(channel, exchange, paid, { orderId: '1' }, { messageId: crypto.randomUUID() })
    await eventually(() => calls === 1)
    // They gather behind the one that runs.
    const messageId = crypto.randomUUID()
    for (let copy = 0; copy < 3; copy++) await rawPublish(channel, exchange, paid, { orderId: '1' }, { messageId })
    await eventually(async () => (await channel.checkQueue('qu.order.crm')).messageCount === 0)
    first.resolve()

    await eventually(() => settled.length === 4)
    expect(settled).toEqual(['handled', 'failed', 'duplicate', 'duplicate'])
    expect(await store.failures.list({})).toHaveLength(1)
  })

  it('writes the effects and the receipt in one transaction', async () => {
    const { bus, store } = await makeService({ kind })
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      async (event, { tx, attempt }) => {
        await tx.query('insert into effects (id, attempt) values ($1, $2)', [event.id, attempt])
        if (attempt < 3) throw new Error('not yet')
      },
      { retry: quickRetry },
    )
    await bus.start()
    await bus.transaction((tx) => tx.query('create table effects (id text not null, attempt integer not null)'))

    const { id } = await bus.publish(paid, { orderId: '1' })
    await eventually(async () => (await store.messages.trace(id)).received[0]?.status === 'handled')
    expect((await store.query('select id, attempt from effects')).rows).toEqual([{ id, attempt: 3 }])
    expect(await store.failures.list({})).toEqual([])
  })

  it('lets nothing wait behind a failure, and undoes only the one that failed', async () => {
    const { bus, store } = await makeService({ kind })
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      async (event, { tx }) => {
        await tx.query('insert into effects (id) values ($1)', [event.data.orderId])
        if (event.data.orderId === '7') throw new Error('number 7 fails')
      },
      { retry: { attempts: 2, delayMs: 60_000, maxDelayMs: 60_000 }, batchSize: 50 },
    )
    await bus.start()
    await bus.transaction((tx) => tx.query('create table effects (id text not null)'))
    await bus.transaction(async (tx) => {
      for (let number = 0; number < 20; number++) await bus.publish(tx, paid, { orderId: String(number) })
    })

    await eventually(async () => (await store.messages.received({ limit: 100 })).length === 20)
    const { rows } = await store.query<{ id: string }>('select id from effects')
    expect(rows.map(({ id }) => Number(id)).toSorted((a, b) => a - b)).toEqual(
      [...Array(20).keys()].filter((number) => number !== 7),
    )
    expect(await store.failures.list({})).toMatchObject([
      { state: 'retrying', attempts: 1, error: { message: 'number 7 fails' } },
    ])
  })

  it('parks after the last attempt, with payload, error and fingerprint, and retries when a person says so', async () => {
    const { bus, store } = await makeService({ kind })
    let isMended = false
    const attempts: number[] = []
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      async (_event, { attempt }) => {
        attempts.push(attempt)
        await new Promise((resolve) => setTimeout(resolve, 20))
        if (!isMended) throw new RangeError('stock is negative')
      },
      { retry: { ...quickRetry, attempts: 3 } },
    )
    await bus.start()
    const { id } = await bus.publish('order.viporder.payment.onPaid', { orderId: '9', note: 'kept' })

    await eventually(async () => (await store.failures.list({ state: 'parked' })).length === 1)
    expect(attempts).toEqual([1, 2, 3])
    const [failure] = await store.failures.list({})
    expect(failure).toMatchObject({
      messageId: id,
      entityId: '9',
      attempts: 3,
      dueAt: null,
      error: { type: 'RangeError', message: 'stock is negative' },
    })
    expect(JSON.parse(failure?.payload ?? '')).toEqual({ orderId: '9', note: 'kept' })
    expect(failure?.error.fingerprint).toMatch(/^[0-9a-f]{12}$/)

    isMended = true
    expect(await store.failures.retry({ messageId: id }, 'the test')).toBe(1)
    await eventually(async () => (await store.messages.trace(id)).received[0]?.status === 'handled')
    const kept = await store.failures.attempts(id)
    expect(kept.map(({ attempt, state, error }) => [attempt, state, error?.message])).toEqual([
      [1, 'retrying', 'stock is negative'],
      [2, 'retrying', 'stock is negative'],
      [3, 'parked', 'stock is negative'],
    ])
    for (const { beganAt, endedAt } of kept) {
      const ranMs = (endedAt?.getTime() ?? 0) - (beganAt?.getTime() ?? 0)
      expect([ranMs >= 19, ranMs < 10_000]).toEqual([true, true])
    }
  })

  it('parks at once what no retry can mend', async () => {
    const { bus, store } = await makeService({ kind })
    await bus.subscribe('order.crm', ['order.#'], () => {
      throw new NonRetryableError('no such customer')
    })
    await bus.start()
    await bus.publish(paid, { orderId: '1' })
    await eventually(async () => (await store.failures.list({ state: 'parked' })).length === 1)
    expect(await store.failures.list({})).toMatchObject([{ attempts: 1 }])
  })

  it('tries again at once as often as asked, as one attempt', async () => {
    const { bus, store } = await makeService({ kind })
    let calls = 0
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      () => {
        if (++calls < 3) throw new Error('not yet')
      },
      { retry: { immediate: 2 } },
    )
    await bus.start()
    const { id } = await bus.publish(paid, { orderId: '1' })
    await eventually(async () => (await store.messages.trace(id)).received[0]?.status === 'handled')
    expect(calls).toBe(3)
  })

  it('aborts a handler at its deadline, takes its transaction away and tries again', async () => {
    const { bus, store } = await makeService({ kind })
    const lateWrites: string[] = []
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      async (_event, { tx, signal, attempt }) => {
        if (attempt > 1) return
        await new Promise((resolve) => signal.addEventListener('abort', () => setImmediate(resolve)))
        await tx.query('select 1').catch((error: unknown) => lateWrites.push((error as { code: string }).code))
      },
      { timeoutMs: 100, retry: quickRetry },
    )
    await bus.start()
    const { id } = await bus.publish(paid, { orderId: '1' })
    await eventually(async () => (await store.messages.trace(id)).received[0]?.status === 'handled')
    await eventually(() => lateWrites.length === 1)
    expect(lateWrites).toEqual(['TRANSACTION_CLOSED'])
  })

  it('publishes follow-up events in the handler transaction, with the correlation of the first', async () => {
    const { bus } = await makeService({ kind })
    const seen: (string | null)[] = []
    await bus.subscribe('order.billing', ['order.creation.onCreated'], async (event, { tx }) => {
      await bus.publish(tx, paid, { orderId: event.entityId })
    })
    await bus.subscribe('order.crm', [paid], (event) => void seen.push(event.correlationId))
    await bus.start()
    const { id } = await bus.publish('order.creation.onCreated', { orderId: '1' })
    await bus.publish('order.creation.onCreated', { orderId: '2' }, { correlationId: 'checkout-5' })
    await eventually(() => seen.length === 2)
    expect(seen.toSorted()).toEqual([id, 'checkout-5'].toSorted())
  })

  it('drains on stop: what runs is finished and acknowledged, what has not begun goes back', async () => {
    const { bus, store, endpoints } = await makeService({ kind })
    const started = Promise.withResolvers<undefined>()
    const release = Promise.withResolvers<undefined>()
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      async () => {
        started.resolve(undefined)
        await release.promise
      },
      { concurrency: 1, batchSize: 1 },
    )
    await bus.start()
    const { id } = await bus.publish(paid, { orderId: '1' })
    await bus.publish(paid, { orderId: '2' })
    await started.promise
    expect(await store.subscriptions.countHandled('order.crm')).toBe(0)
    const stopping = bus.stop()
    release.resolve(undefined)
    await stopping

    const channel = await rawChannel(endpoints)
    expect((await channel.checkQueue('qu.order.crm')).messageCount).toBe(1)
    const left = await channel.get('qu.order.crm', { noAck: true })
    expect(left).not.toBe(false)
    expect(left === false ? null : left.properties.messageId).not.toBe(id)
  })

  it('turns what the broker gave up on into a parked row', async () => {
    const { bus, store, endpoints } = await makeService({ kind })
    await bus.subscribe('order.crm', ['order.#'], () => undefined)
    await bus.start()
    const channel = await rawChannel(endpoints)
    const messageId = crypto.randomUUID()
    // A rogue consumer that rejects: the broker dead-letters, as it does at the delivery limit.
    channel.publish('ex.warren.dead-letter', 'qu.order.crm', Buffer.from('{"orderId":"1"}'), {
      messageId,
      type: paid,
      headers: {
        'x-death': [{ reason: 'delivery_limit', queue: 'qu.order.crm', exchange, 'routing-keys': [paid], count: 1 }],
      },
    })
    await eventually(async () => (await store.failures.list({})).length === 1)
    expect(await store.failures.list({})).toMatchObject([
      {
        messageId,
        state: 'parked',
        error: { code: 'DEAD_LETTERED', message: expect.stringContaining('delivery_limit') as string },
      },
    ])
  })
})

describe('a subscription without an inbox', () => {
  it('sees duplicates, and gives up into the dead letter queue at the delivery limit', async () => {
    const { bus, endpoints } = await makeService()
    let calls = 0
    await bus.subscribe(
      'order.crm',
      ['order.#'],
      (event) => {
        calls++
        if (event.data.orderId === 'bad') throw new Error('never')
      },
      { inbox: false, deliveryLimit: 3 },
    )
    await bus.start()
    const channel = await rawChannel(endpoints)
    const messageId = crypto.randomUUID()
    await rawPublish(channel, exchange, paid, { orderId: 'good' }, { messageId })
    await rawPublish(channel, exchange, paid, { orderId: 'good' }, { messageId })
    await eventually(() => calls === 2)

    await rawPublish(channel, exchange, paid, { orderId: 'bad' })
    await eventually(async () => (await channel.checkQueue('qu.order.crm.dead')).messageCount === 1)
    expect(calls).toBeGreaterThanOrEqual(2 + 3)
  })
})
