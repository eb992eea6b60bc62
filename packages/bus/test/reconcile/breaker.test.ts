import { expect, it } from 'vitest'
import type { Logger } from '../../src/index.ts'
import { proofOf, untilAnswered, untilProven } from '../support/proofs.ts'
import { rawChannel } from '../support/raw.ts'
import { quickly } from '../support/reconcile.ts'
import { eventually, freshDatabase, makeService } from '../support/service.ts'

const paid = 'order.payment.onPaid'

it('tries a few when too much seems missing, and resends the rest when they have come', async () => {
  const lines: string[] = []
  const write = (fields: object, text: string): void => {
    const { resent } = fields as { readonly resent?: number }
    lines.push(resent === undefined ? text : `${resent} ${text}`)
  }
  const logger: Logger = { debug: () => undefined, info: write, warn: write, error: write }
  // Each is resent once: the next attempt is later than the answer.
  const reconcile = { ...quickly, backoffMs: 10_000, breaker: { minMissing: 20 } }
  const shop = await makeService({ kind: 'postgres', reconcile, logger })
  await shop.bus.start()
  const database = await freshDatabase('sqlite')
  const start = async () => {
    const handled: string[] = []
    const crm = await makeService({ service: 'crm', store: database.open(), endpoints: shop.endpoints, reconcile })
    await crm.bus.subscribe('order.crm', ['order.#'], ({ id }) => void handled.push(id), { timeoutMs: 500 })
    await crm.bus.start()
    return { bus: crm.bus, handled }
  }
  const publish = async (count: number): Promise<readonly string[]> => {
    const ids: string[] = []
    for (let n = 0; n < count; n++) ids.push((await shop.bus.publish(paid, { orderId: String(n) })).id)
    return ids
  }
  const first = await start()
  const kept = await publish(30)
  await untilAnswered(shop.store, 'order.crm')
  await untilProven(shop.store, 'order.crm', kept.at(-1) ?? '')
  await first.bus.stop()
  const lost = await publish(40)
  await eventually(async () => (await shop.store.reconciliation.ledger.oldestUnsentMs()) === null)
  await (await rawChannel(shop.endpoints)).purgeQueue('qu.order.crm')

  const { handled } = await start()
  await eventually(async () => (await proofOf(shop.store, 'order.crm'))?.counts.recovered === lost.length, 40_000)
  expect(handled.toSorted()).toEqual(lost.toSorted())
  await eventually(async () => (await proofOf(shop.store, 'order.crm'))?.breaker === null)
  expect(lines.filter((line) => /breaker|resent$/.test(line))).toEqual([
    'the breaker is open: missing events are not resent',
    '10 missing events were resent',
    'the breaker is closed: missing events are resent',
    '30 missing events were resent',
  ])
})

it('resends nothing while compensation is off, and says so, until the service runs with another mode', async () => {
  const database = await freshDatabase('postgres')
  const open = (compensation: 'off' | 'auto', endpoints: { readonly endpoints?: readonly string[] } = {}) =>
    makeService({ ...endpoints, store: database.open(), reconcile: { ...quickly, compensation } })
  const shop = await open('off')
  await shop.bus.start()
  const subscribers = await freshDatabase('sqlite')
  const handled: string[] = []
  const start = async () => {
    const store = subscribers.open()
    const crm = await makeService({ service: 'crm', store, endpoints: shop.endpoints, reconcile: quickly })
    await crm.bus.subscribe('order.crm', ['order.#'], ({ id }) => void handled.push(id), { timeoutMs: 500 })
    await crm.bus.start()
    return crm.bus
  }
  await (await start()).stop()
  const { id } = await shop.bus.publish(paid, { orderId: 'lost' })
  await eventually(async () => (await shop.store.reconciliation.ledger.oldestUnsentMs()) === null)
  await (await rawChannel(shop.endpoints)).purgeQueue('qu.order.crm')
  await start()

  await eventually(async () => (await proofOf(shop.store, 'order.crm'))?.breaker?.reason === 'compensation is off')
  expect(await shop.store.reconciliation.missing.retry({ subscription: 'order.crm' }, 'a person')).toBe(1)
  await untilAnswered(shop.store, 'order.crm')
  const [missing] = await shop.store.reconciliation.missing.list({})
  expect(missing).toMatchObject({ id, state: 'missing', attempts: 0 })
  expect(handled).toEqual([])
  await shop.bus.stop()

  const next = await open('auto', { endpoints: shop.endpoints })
  await next.bus.start()
  await eventually(async () => (await proofOf(next.store, 'order.crm'))?.counts.recovered === 1)
  expect(handled).toEqual([id])
  await eventually(async () => (await proofOf(next.store, 'order.crm'))?.breaker === null)
})
