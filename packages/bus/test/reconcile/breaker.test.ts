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
