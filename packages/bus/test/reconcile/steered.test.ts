import { describe, expect, it, onTestFinished } from 'vitest'
import type { Logger, ReconcileOptions } from '../../src/index.ts'
import { proofOf, untilAnswered, untilProven } from '../support/proofs.ts'
import { rawChannel } from '../support/raw.ts'
import { quickly } from '../support/reconcile.ts'
import { eventually, freshDatabase, makeService, storeKinds } from '../support/service.ts'

const paid = 'order.payment.onPaid'
const crm = 'order.crm'

/** A publisher that runs, whose subscription can lose events, and its store as somebody else opens it. */
async function running(reconcile: ReconcileOptions, kind: (typeof storeKinds)[number] = 'postgres') {
  const lines: string[] = []
  const write = (fields: object, text: string): void => {
    const { resent } = fields as { readonly resent?: number }
    lines.push(resent === undefined ? text : `${resent} ${text}`)
  }
  const logger: Logger = { debug: () => undefined, info: write, warn: write, error: write }
  const database = await freshDatabase(kind)
  const settings = { ...quickly, backoffMs: 10_000, ...reconcile }
  const shop = await makeService({ store: database.open(), reconcile: settings, logger })
  await shop.bus.start()
  const store = database.open()
  onTestFinished(() => store.stop())
  await store.start()
  const subscribers = await freshDatabase('sqlite')
  const handled: string[] = []
  const start = async () => {
    const { bus } = await makeService({
      ...{ service: 'crm', store: subscribers.open(), endpoints: shop.endpoints, reconcile: quickly },
    })
    await bus.subscribe(crm, ['order.#'], ({ id }) => void handled.push(id), { timeoutMs: 500 })
    await bus.start()
    return bus
  }
  const publish = async (count: number): Promise<readonly string[]> => {
    const ids: string[] = []
    for (let n = 0; n < count; n++) ids.push((await shop.bus.publish(paid, { orderId: String(n) })).id)
    return ids
  }
  const purge = async () => {
    await eventually(async () => (await store.reconciliation.ledger.oldestUnsentMs()) === null)
    await (await rawChannel(shop.endpoints)).purgeQueue('qu.order.crm')
  }
  let subscriber = await start()
  const [kept = ''] = await publish(1)
  await untilProven(store, crm, kept)
  const lose = async (count: number): Promise<readonly string[]> => {
    await subscriber.stop()
    const lost = await publish(count)
    await purge()
    subscriber = await start()
    return lost
  }
  const counted = (state: 'missing' | 'recovered', count: number) =>
    eventually(async () => (await proofOf(store, crm))?.counts[state] === count, 40_000)
  const breaker = async () => (await proofOf(store, crm))?.breaker?.cause ?? null
  const resent = async () => (await store.reconciliation.compensation.resentSince(0)).get(crm) ?? 0
  const restart = async () => {
    subscriber = await start()
  }
  return {
    ...{ store, handled, lines, lose, publish, purge, counted, breaker, resent, restart },
    stop: () => subscriber.stop(),
    compensation: store.reconciliation.compensation,
  }
}

describe.each(storeKinds)('what is set of compensation in a %s store', (kind) => {
  it('counts at once in a service that runs, and what its code says when it is reset', async () => {
    const shop = await running({ compensation: 'report', budget: { minPerSecond: 30 } }, kind)
    const { compensation, lose, counted, handled, store } = shop
    expect((await compensation.list()).code).toEqual({
      ...{ mode: 'report', share: 0.1, minPerSecond: 30 },
      ...{ maxMissingShare: 0.2, minMissing: 100, maxUnansweredMs: 120_000 },
    })
    const first = await lose(1)
    await counted('missing', 1)
    await untilAnswered(store, crm)
    expect(handled).not.toContain(first[0])
    await compensation.set(crm, { mode: 'auto' }, 'ann')
    await counted('recovered', 1)

    await compensation.set(null, { mode: 'off' }, 'ann')
    await compensation.reset(crm, 'ann')
    const second = await lose(1)
    await eventually(async () => (await shop.breaker()) === 'off')
    await store.reconciliation.missing.retry({ id: second[0] ?? '' }, 'ann')
    await compensation.set(crm, { mode: 'report' }, 'ann')
    await counted('recovered', 2)
    expect(handled).toEqual(expect.arrayContaining([...first, ...second]))
    expect(await shop.breaker()).toBeNull()
  })
})

it('resends at the pace that is set for a subscription, and at another as soon as that is set', async () => {
  const { compensation, lose, counted, resent } = await running({
    ...{ budget: { minPerSecond: 100, share: 0 }, breaker: { minMissing: 1_000 } },
  })
  await compensation.order(crm, 'hold', 'ann')
  await lose(120)
  await counted('missing', 120)
  await compensation.set(crm, { minPerSecond: 2 }, 'ann')
  const slowMs = performance.now()
  await compensation.order(crm, null, 'ann')
  await eventually(async () => (await resent()) >= 6)
  // Two at the start, then two a second.
  expect(performance.now() - slowMs).toBeGreaterThan(1_900)
  const fastMs = performance.now()
  await compensation.set(crm, { minPerSecond: 500 }, 'ann')
  await counted('recovered', 120)
  // At two a second it would take a minute.
  expect(performance.now() - fastMs).toBeLessThan(30_000)
  expect(await resent()).toBe(120)
})

it('keeps a breaker open that a person holds, and closes it when a person wants that, however much is missing', async () => {
  const { compensation, lose, counted, breaker, lines, handled, store } = await running({ breaker: { minMissing: 20 } })
  await compensation.order(crm, 'hold', 'ann')
  const lost = await lose(40)
  await eventually(async () => (await breaker()) === 'held')
  await counted('missing', 40)
  expect((await proofOf(store, crm))?.breaker?.reason).toBe('held by ann')
  expect(handled).not.toContain(lost[0])
  await compensation.order(crm, 'close', 'ann')
  await counted('recovered', 40)
  // Left as soon as nothing is missing: it is not for the next loss.
  await eventually(async () => (await proofOf(store, crm))?.order === null)
  expect(lines.filter((line) => /breaker/.test(line))).toEqual([
    'the breaker is open: missing events are not resent',
    'the breaker is closed: missing events are resent',
  ])
  expect(lines).not.toContain('10 missing events were resent')
})

it('tries once more when a person wants that, after a trial that was lost', async () => {
  const shop = await running({ breaker: { minMissing: 20 } })
  const { compensation, lose, counted, breaker, lines, store } = shop
  await compensation.order(crm, 'hold', 'ann')
  await lose(40)
  await counted('missing', 40)
  await eventually(async () => (await breaker()) === 'held')
  await shop.stop()
  await compensation.order(crm, null, 'ann')
  await eventually(async () => (await shop.resent()) === 10)
  await shop.purge()
  await shop.restart()
  const purgedMs = await store.reconciliation.nowMs()
  await eventually(async () => ((await proofOf(store, crm))?.answered?.atMs ?? 0) > purgedMs)
  expect([await breaker(), await shop.resent()]).toEqual(['share', 10])
  await compensation.order(crm, 'try', 'ann')
  // The ten that were lost wait for their backoff.
  await eventually(async () => ((await proofOf(store, crm))?.counts.recovered ?? 0) >= 30)
  expect((await proofOf(store, crm))?.order).toBeNull()
  expect(lines.filter((line) => /breaker|resent$/.test(line)).slice(0, 6)).toEqual([
    'the breaker is open: missing events are not resent',
    'the breaker is open: missing events are not resent',
    '10 missing events were resent',
    '10 missing events were resent',
    'the breaker is closed: missing events are resent',
    '20 missing events were resent',
  ])
})

it('opens no breaker over a backlog in which nothing is missing, and does when something is', async () => {
  const shop = await running({ compensation: 'report', breaker: { maxUnansweredMs: 300 } })
  const { store, lines, breaker, publish } = shop
  await shop.stop()
  await publish(1)
  await eventually(async () => {
    const waitingSinceMs = (await proofOf(store, crm))?.waitingSinceMs ?? Infinity
    return (await store.reconciliation.nowMs()) - waitingSinceMs > 1_500
  })
  expect(await breaker()).toBeNull()
  expect(lines.filter((line) => line.includes('breaker'))).toEqual([])
  await shop.purge()
  await shop.restart()
  await shop.counted('missing', 1)
  await shop.stop()
  await publish(1)
  await eventually(async () => (await breaker()) === 'unanswered')
})
