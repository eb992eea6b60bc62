import { sqliteStore } from '@warren/bus/sqlite'
import { mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readCounts } from '../demo/counts.ts'
import { openReader } from '../demo/reader.ts'
import { forEachService } from '../demo/shop.ts'
import { isClean, readTruth, subscribers } from '../demo/truth.ts'
import { effectsTable } from '../services/effects.ts'
import { ordersTable } from '../services/orders/orders.ts'
import { productsTables } from '../services/products/products.ts'
import type { ServiceName } from '../services/services.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shop-truth-'))
  for (const name of ['orders', 'products', ...subscribers] as const) {
    const store = sqliteStore({ path: pathOf(name) })
    await store.start()
    await store.stop()
  }
  write('orders', ordersTable)
  for (const statement of productsTables) write('products', statement)
  for (const name of subscribers) write(name, effectsTable)
  plantCleanRun()
})

afterEach(() => rm(folder, { recursive: true }))

describe('the truth', () => {
  it('is clean when every fact has one effect in every subscriber that it concerns', async () => {
    const truth = await look()
    expect(truth).toMatchObject({ orders: 2, events: 6, expected: 11, applied: 11, lost: 0, duplicated: 0, ghosts: 0 })
    expect(isClean(truth)).toBe(true)
  })

  it('reports a removed effect as lost', async () => {
    write('crm', `delete from effects where fact = 'payment.onPaid'`)
    const truth = await look()
    expect(truth).toMatchObject({ applied: 10, lost: 1, duplicated: 0, ghosts: 0 })
    expect(truth.bySubscriber.crm.lost).toEqual(['vip-1 payment.onPaid'])
    expect(isClean(truth)).toBe(false)
  })

  it('reports a doubled effect as duplicated', async () => {
    write('search', `insert into effects select * from effects where fact = 'price.onChanged 1'`)
    const truth = await look()
    expect(truth).toMatchObject({ applied: 11, lost: 0, duplicated: 1, ghosts: 0 })
    expect(isClean(truth)).toBe(false)
  })

  it('reports an invented effect as a ghost', async () => {
    write('warehouse', `insert into effects (event_id, entity_id, fact) values ('x', 'order-never', 'payment.onPaid')`)
    const truth = await look()
    expect(truth).toMatchObject({ lost: 0, duplicated: 0, ghosts: 1 })
    expect(isClean(truth)).toBe(false)
  })

  it('reports an effect in a subscriber that should not know of it as a ghost', async () => {
    write('loyalty', `insert into effects (event_id, entity_id, fact) values ('n1', 'normal-1', 'creation.onCreated')`)
    expect(await look()).toMatchObject({ ghosts: 1 })
  })

  it('reports what waits for a person', async () => {
    write('orders', `insert into warren_outbox_pending (state, id, bucket, name) values ('unroutable', 'e', 1, 'n')`)
    const truth = await look()
    expect(truth).toMatchObject({ unroutable: 1 })
    expect(isClean(truth)).toBe(false)
  })

  it('expects in the live view what it expects at the end', async () => {
    const readers = open()
    const counts = await readCounts(readers)
    const truth = await readTruth(readers)
    for (const name of subscribers) {
      expect(counts.bySubscriber[name].expected).toBe(truth.bySubscriber[name].expected)
      expect(counts.bySubscriber[name].handled).toBe(truth.bySubscriber[name].applied)
    }
  })
})

/** A VIP order that was paid and cancelled, a normal one that was only placed, and two changes of one product. */
function plantCleanRun(): void {
  write(
    'orders',
    `insert into orders (id, customer_id, kind, product_id, quantity, total_cents, paid_at, cancelled_at) values
      ('vip-1', 'c', 'vip', 'lamp-s', 1, 100, current_timestamp, current_timestamp),
      ('normal-1', 'c', 'normal', 'lamp-s', 1, 100, null, null)`,
  )
  write(
    'products',
    `insert into product_changes (change_id, product_id, kind, revision) values
      ('a', 'lamp-s', 'price', 1), ('b', 'lamp-s', 'attributes', 2)`,
  )
  const vip = ['creation.onCreated', 'payment.onPaid', 'cancellation.onCancelled']
  for (const fact of vip) plant(['crm', 'loyalty'], 'vip-1', fact)
  for (const fact of vip.slice(1)) plant(['warehouse'], 'vip-1', fact)
  plant(['crm'], 'normal-1', 'creation.onCreated')
  plant(['search'], 'lamp-s', 'price.onChanged 1')
  plant(['search'], 'lamp-s', 'attributes.onChanged 2')
}

function plant(names: readonly ServiceName[], entityId: string, fact: string): void {
  for (const name of names) {
    write(
      name,
      `insert into effects (event_id, entity_id, fact) values ('${entityId} ${fact}', '${entityId}', '${fact}')`,
    )
  }
}

function write(name: ServiceName, sql: string): void {
  const database = new DatabaseSync(pathOf(name))
  database.exec(sql)
  database.close()
}

function open() {
  return forEachService((name) => openReader(`sqlite:${pathOf(name)}`))
}

async function look() {
  return await readTruth(open())
}

function pathOf(name: ServiceName): string {
  return join(folder, `${name}.db`)
}
