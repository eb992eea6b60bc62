import { connect } from 'amqplib'
import { setTimeout as delay } from 'node:timers/promises'
import type { Shop } from '../demo/shop.ts'
import type { ServiceName } from '../services/services.ts'
import { openStore } from '../services/store.ts'
import type { Bulk } from './bulk.ts'

/** Facts of one order, one event each. */
const eventsOf = { created: 1, paid: 2, delivered: 3 } as const
const ORDERS_PER_REQUEST = 50
const REQUESTS_AT_ONCE = 4
const POLL_MS = 200
const TIMEOUT_MS = 240_000

/** Who wants which events, written down here once more: the check must not ask the one that it checks. */
export const wanted = {
  'order.crm': { service: 'crm', wants: (name: string) => name.startsWith('order.') },
  'order.warehouse': { service: 'warehouse', wants: (name: string) => /\.on(Paid|Cancelled)$/.test(name) },
  'viporder.loyalty': { service: 'loyalty', wants: (name: string) => name.startsWith('order.viporder.') },
  'product.search': { service: 'search', wants: (name: string) => name.startsWith('product.') },
} as const satisfies Record<string, { service: ServiceName; wants: (name: string) => boolean }>
export type SubscriptionName = keyof typeof wanted

/** What the acts of the proof are played on: places orders, looks at queues and ledgers, waits. */
export class Stage {
  readonly shop: Shop
  #nextOrder = 0
  #nextChange = 0
  #published = 0
  readonly #connection: Awaited<ReturnType<typeof connect>>

  private constructor(shop: Shop, connection: Awaited<ReturnType<typeof connect>>) {
    this.shop = shop
    this.#connection = connection
  }

  static async open(shop: Shop): Promise<Stage> {
    const connection = await connect(shop.broker.endpoints[0] ?? '')
    connection.on('error', () => undefined)
    return new Stage(shop, connection)
  }

  async close(): Promise<void> {
    await this.#connection.close().catch(() => undefined)
  }

  /** Events so far. */
  get published(): number {
    return this.#published
  }

  /** Places orders to which so much has happened. */
  async place(orders: number, facts: Bulk['facts'], kind: Bulk['kind'] = 'any'): Promise<void> {
    const first = this.#nextOrder
    this.#nextOrder += orders
    const requests: Bulk[] = []
    for (let done = 0; done < orders; done += ORDERS_PER_REQUEST)
      requests.push({ first: first + done, count: Math.min(ORDERS_PER_REQUEST, orders - done), kind, facts })
    const work = async (): Promise<void> => {
      for (let next = requests.shift(); next !== undefined; next = requests.shift()) await this.#post('/bulk', next)
    }
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work))
    this.#published += orders * eventsOf[facts]
  }

  async changePrices(count: number): Promise<void> {
    const { url } = this.shop.service('products')
    for (let change = 0; change < count; change++) {
      const number = this.#nextChange++
      const answer = await fetch(`${url ?? ''}/products/${await this.#product(number)}/price`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ changeId: `change-${number}`, priceCents: 100 + number }),
      })
      if (!answer.ok) throw new Error(`a price could not be changed: ${await answer.text()}`)
      this.#published += 1
    }
  }

  async #product(number: number): Promise<string> {
    const rows = await this.shop.readers.products.rows<{ id: string }>('select id from products order by id')
    return rows[number % rows.length]?.id ?? ''
  }

  async #post(path: string, body: unknown): Promise<void> {
    const { url } = this.shop.service('orders')
    const answer = await fetch(`${url ?? ''}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`orders could not be placed: ${await answer.text()}`)
  }

  /** The ids of what a subscription wants, of the events that `act` publishes. */
  async idsOf(subscription: SubscriptionName, act: () => Promise<unknown>): Promise<readonly string[]> {
    const publisher = subscription === 'product.search' ? 'products' : 'orders'
    const reader = this.shop.readers[publisher]
    const table = reader.table('outbox')
    const [mark] = await reader.rows<{ id: string | null }>(`select max(cast(id as text)) as id from ${table}`)
    await act()
    const rows = await reader.rows<{ id: string; name: string }>(
      `select cast(id as text) as id, name from ${table} where cast(id as text) > '${mark?.id ?? ''}' order by id`,
    )
    return rows.filter(({ name }) => wanted[subscription].wants(name)).map(({ id }) => id)
  }

  /** Everything that was published is sent. */
  async sent(): Promise<void> {
    for (const publisher of ['orders', 'products'] as const) {
      const reader = this.shop.readers[publisher]
      await this.until(`${publisher} has sent everything`, async () => {
        const [row] = await reader.rows<{ n: number | string }>(
          `select count(*) as n from ${reader.table('outbox_pending')}`,
        )
        return Number(row?.n) === 0
      })
    }
  }

  /** Every subscription is proven past everything that was published, and misses nothing. */
  async proven(): Promise<void> {
    await this.sent()
    for (const publisher of ['orders', 'products'] as const) {
      const store = openStore(this.shop.databases.urls[publisher])
      try {
        await store.start()
        const publishedMs = Date.now()
        await this.until(`all that ${publisher} publishes is proven`, async () => {
          const proofs = await store.reconciliation.proof.list()
          const { registry } = store.reconciliation
          const hasHeard = (await registry.list()).length === Object.keys(wanted).length
          return (
            hasHeard &&
            proofs.every(
              ({ throughMs, counts, openMinutes }) =>
                throughMs > publishedMs && counts.suspect + counts.missing === 0 && openMinutes === 0,
            )
          )
        })
      } finally {
        await store.stop()
      }
    }
  }

  queueOf(subscription: SubscriptionName): string {
    return `qu.${subscription}`
  }

  /** On a channel of its own, which a refusal closes. */
  async onChannel<T>(work: (channel: Awaited<ReturnType<Stage['channel']>>) => Promise<T>): Promise<T> {
    const channel = await this.channel()
    try {
      return await work(channel)
    } finally {
      await channel.close().catch(() => undefined)
    }
  }

  async channel() {
    const channel = await this.#connection.createChannel()
    channel.on('error', () => undefined)
    return channel
  }

  async waits(subscription: SubscriptionName, count: number): Promise<void> {
    await this.until(`${count} messages wait in ${this.queueOf(subscription)}`, () =>
      this.onChannel(async (channel) => (await channel.checkQueue(this.queueOf(subscription))).messageCount >= count),
    )
  }

  async until(what: string, check: () => Promise<boolean>): Promise<void> {
    const giveUpAtMs = performance.now() + TIMEOUT_MS
    for (;;) {
      const isTrue = await check().catch(() => false)
      if (isTrue) return
      if (performance.now() > giveUpAtMs) throw new Error(`not within ${TIMEOUT_MS / 1000} s: ${what}`)
      await delay(POLL_MS)
    }
  }
}
