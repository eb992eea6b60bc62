import { copyFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { proofOf, untilAnswered, untilProven } from '../support/proofs.ts'
import { rawChannel } from '../support/raw.ts'
import { quickly } from '../support/reconcile.ts'
import { eventually, freshDatabase, makeService } from '../support/service.ts'
import type { FreshDatabase, ShopBus } from '../support/service.ts'

const paid = 'order.payment.onPaid'
const timeoutMs = 500

/** A subscriber of another service on this database; `handled` has the ids in the order in which they were handled. */
async function subscriber(service: string, database: FreshDatabase, endpoints: readonly string[]) {
  const { bus, store } = await makeService({ service, store: database.open(), endpoints, reconcile: quickly })
  const handled: string[] = []
  await bus.subscribe(`order.${service}`, ['order.#'], ({ id }) => void handled.push(id), { timeoutMs })
  await bus.start()
  return { bus, store, handled }
}

async function publish(bus: ShopBus, count: number): Promise<readonly string[]> {
  const ids: string[] = []
  await bus.transaction(async (tx) => {
    for (let n = 0; n < count; n++) ids.push((await bus.publish(tx, paid, { orderId: String(n) })).id)
  })
  return ids
}

it('finds exactly what a purge took, and resends it to that subscription alone', async () => {
  const shop = await makeService({ kind: 'postgres', reconcile: quickly })
  await shop.bus.start()
  const crmDatabase = await freshDatabase('sqlite')
  const first = await subscriber('crm', crmDatabase, shop.endpoints)
  const loyalty = await subscriber('loyalty', await freshDatabase('sqlite'), shop.endpoints)
  const before = await publish(shop.bus, 5)
  await untilAnswered(shop.store, 'order.crm')
  await untilProven(shop.store, 'order.crm', before.at(-1) ?? '')
  await first.bus.stop()

  const lost = await publish(shop.bus, 20)
  await eventually(() => loyalty.handled.length === 25)
  const channel = await rawChannel(shop.endpoints)
  await channel.purgeQueue('qu.order.crm')
  const kept = await publish(shop.bus, 5)
  const crm = await subscriber('crm', crmDatabase, shop.endpoints)
  await eventually(async () => (await proofOf(shop.store, 'order.crm'))?.counts.recovered === 20, 40_000)
  expect(crm.handled.toSorted()).toEqual([...lost, ...kept].toSorted())
  const missing = await shop.store.reconciliation.missing.list({})
  expect(missing.map(({ id, subscription }) => [id, subscription]).toSorted()).toEqual(
    lost.map((id) => [id, 'order.crm']).toSorted(),
  )
  expect(loyalty.handled.toSorted()).toEqual([...before, ...lost, ...kept].toSorted())
})

it("finds what a subscriber's restored database has forgotten, and nothing else; it is handled again", async () => {
  const shop = await makeService({ kind: 'postgres', reconcile: quickly })
  await shop.bus.start()
  const database = await freshDatabase('sqlite')
  const first = await subscriber('crm', database, shop.endpoints)
  const before = await publish(shop.bus, 5)
  await untilAnswered(shop.store, 'order.crm')
  await untilProven(shop.store, 'order.crm', before.at(-1) ?? '')
  await first.bus.stop()
  await copyFile(database.url, `${database.url}.backup`)

  const second = await subscriber('crm', database, shop.endpoints)
  const forgotten = await publish(shop.bus, 10)
  await eventually(() => second.handled.length === 10)
  await untilProven(shop.store, 'order.crm', forgotten.at(-1) ?? '')
  await second.bus.stop()
  await copyFile(`${database.url}.backup`, database.url)

  const third = await subscriber('crm', database, shop.endpoints)
  await eventually(async () => (await proofOf(shop.store, 'order.crm'))?.counts.recovered === 10, 40_000)
  expect(third.handled.toSorted()).toEqual(forgotten.toSorted())
  const missing = await shop.store.reconciliation.missing.list({})
  expect(missing.map(({ id }) => id).toSorted()).toEqual(forgotten.toSorted())
  expect(new Set(missing.map(({ cause }) => cause))).toEqual(new Set(['store-rewound']))
})

it("finds exactly the ghosts of a publisher's restored database", async () => {
  const database = await freshDatabase('sqlite')
  const open = () => makeService({ store: database.open(), reconcile: quickly })
  const first = await open()
  const { endpoints } = first
  await first.bus.start()
  const crm = await subscriber('crm', await freshDatabase('postgres'), endpoints)
  const before = await publish(first.bus, 5)
  await untilAnswered(first.store, 'order.crm')
  await untilProven(first.store, 'order.crm', before.at(-1) ?? '')
  await first.bus.stop()
  await copyFile(database.url, `${database.url}.backup`)

  const second = await makeService({ store: database.open(), endpoints, reconcile: quickly })
  await second.bus.start()
  const ghosts = await publish(second.bus, 7)
  await eventually(() => crm.handled.length === 12)
  await second.bus.stop()
  await copyFile(`${database.url}.backup`, database.url)

  const third = await makeService({ store: database.open(), endpoints, reconcile: quickly })
  await third.bus.start()
  const after = await publish(third.bus, 3)
  await untilProven(third.store, 'order.crm', after.at(-1) ?? '')
  const found = await third.store.reconciliation.missing.ghosts({})
  expect(found.map(({ id }) => id).toSorted()).toEqual(ghosts.toSorted())
  expect(await third.store.reconciliation.missing.list({})).toEqual([])
})
