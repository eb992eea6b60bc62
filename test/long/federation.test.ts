import { type Bus, catalog, createBus, entity, type Sql } from '@warren/bus'
import { sqliteStore } from '@warren/bus/sqlite'
import { apply, fetchPasswords, makePlan, parseSpec, type Plan } from '@warren/cluster'
import type { Cluster } from '@warren/cluster/local'
import { api } from '@warren/cluster/management'
import { connect, type ConfirmChannel } from 'amqplib'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { privateCluster } from '../support/broker.ts'
import { startProxy, type TcpProxy } from '../support/proxy.ts'

const order = entity('order', {
  identity: 'orderId',
  events: { 'payment.onPaid': z.object({ orderId: z.string() }) },
})
const shop = catalog(order)

/** Where orders are made. The link has a user of its own that may read, and keep its queues and exchanges there. */
const upstreamSpec = `
name: shop-a
users:
  link: { password: { env: LINK_PASSWORD } }
vhosts:
  shop:
    permissions: { link: { configure: '^(federation:|qu\\.work$)', write: '^federation:', read: '.*' } }
    exchanges: { ex.order.topic: { type: topic } }
    queues: { qu.work: { type: quorum } }
`

/** Where they are handled, too. */
const downstreamSpec = `
name: shop-b
vhosts:
  shop:
    federationUpstreams:
      a:
        uri: 'amqp://link:\${LINK_PASSWORD}@127.0.0.1:\${LINK_PORT}/shop'
        ack-mode: on-confirm
        prefetch-count: 100
        reconnect-delay: 1
    federationUpstreamSets:
      shops: [{ upstream: a }]
    policies:
      orders-of-all-shops:
        pattern: '^ex\\.order\\.topic$'
        applyTo: exchanges
        definition: { federation-upstream-set: shops }
      work-of-all-shops:
        pattern: '^qu\\.work$'
        applyTo: queues
        definition: { federation-upstream-set: shops }
    exchanges: { ex.order.topic: { type: topic } }
    queues: { qu.work: { type: quorum } }
`

interface Link {
  readonly status: string
  readonly type: string
  readonly upstream: string
  readonly uri: string
}

describe('two clusters, one federated with the other', () => {
  const password = randomUUID()
  let upstream: Cluster
  let downstream: Cluster
  let link: TcpProxy

  beforeAll(async () => {
    const options = { nodes: 1, plugins: ['rabbitmq_federation', 'rabbitmq_federation_management'] }
    const started = await Promise.all([privateCluster(options), privateCluster(options)])
    ;[upstream, downstream] = started
    link = await startProxy({ port: Number(new URL(upstream.amqpUrls[0]!).port) })
    await applied(upstream, upstreamSpec)
    await applied(downstream, downstreamSpec)
  }, 240_000)
  afterAll(async () => {
    await link.close()
    await Promise.all([upstream.down(), downstream.down()])
  })

  const planOf = async (cluster: Cluster, yaml: string): Promise<Plan> => {
    const env = { LINK_PASSWORD: password, LINK_PORT: String(link.port) }
    const spec = parseSpec(yaml, { env })
    const passwords = await fetchPasswords(spec, { env, folder: '.' })
    return (await makePlan(cluster.managementClient(), spec, passwords)).plan
  }
  const applied = async (cluster: Cluster, yaml: string): Promise<void> => {
    const { results } = await apply(cluster.managementClient(), await planOf(cluster, yaml))
    for (const result of results) if (result.kind === 'failed') throw result.error
  }
  const links = () => downstream.managementClient().get<Link[]>(api`federation-links/shop`)
  const linkIs = async (status: string, type: string): Promise<void> => {
    const statuses = async () => (await links()).filter((each) => each.type === type).map((each) => each.status)
    await expect.poll(statuses, { timeout: 30_000 }).toEqual([status])
  }
  const channelOf = async (cluster: Cluster): Promise<ConfirmChannel> => {
    const connection = await connect(`${cluster.amqpUrls[0]!}/shop`)
    onTestFinished(() => connection.close())
    return await connection.createConfirmChannel()
  }
  const serviceAt = async (cluster: Cluster, service: string): Promise<Bus<typeof shop, Sql>> => {
    const folder = await mkdtemp(join(tmpdir(), 'warren-federation-'))
    const store = sqliteStore({ path: join(folder, 'store.db') })
    const bus = createBus({ service, catalog: shop, store, endpoints: [`${cluster.amqpUrls[0]!}/shop`] })
    onTestFinished(async () => {
      await bus.stop()
      await rm(folder, { recursive: true, force: true })
    })
    return bus
  }

  test('are as their specs say, and neither the URI nor the password is rewritten', async () => {
    expect((await planOf(upstream, upstreamSpec)).steps).toEqual([])
    expect((await planOf(downstream, downstreamSpec)).steps).toEqual([])
    await linkIs('running', 'exchange')
    expect(JSON.stringify(await links())).not.toContain(password)
  })

  test('handle every event once that is published on the one, while the link is cut and its acknowledgements get lost', async () => {
    const publisher = await serviceAt(upstream, 'shop')
    const subscriber = await serviceAt(downstream, 'loyalty')
    const outcomes = new Map<string, number>()
    subscriber.signals.received.on(({ kind }) => outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1))
    await subscriber.subscribe('order.loyalty', ['order.#'], async (event, { tx }) => {
      await tx.query('insert into effects (id) values ($1)', [event.id])
    })
    await publisher.start()
    await subscriber.start()
    await subscriber.transaction((tx) => tx.query('create table effects (id text not null)'))
    const effects = () =>
      subscriber.transaction(async (tx) => {
        const { rows } = await tx.query<{ all: number; each: number }>(
          'select count(*) as "all", count(distinct id) as "each" from effects',
        )
        return rows[0]
      })
    let published = 0
    const publish = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        published++
        await publisher.publish('order.payment.onPaid', { orderId: String(published) })
      }
    }
    const all = () => ({ all: published, each: published })

    // The binding of the subscription travels upstream on its own time.
    await expect
      .poll(() => upstream.managementClient().get(api`exchanges/shop/ex.order.topic/bindings/source`), {
        timeout: 30_000,
      })
      .not.toEqual([])
    await publish(200)
    await expect.poll(effects, { timeout: 30_000 }).toEqual(all())

    // Events still come, what is acknowledged over here never gets there: all of it comes again.
    link.swallow('toServer')
    await publish(50)
    await expect.poll(effects, { timeout: 30_000 }).toEqual(all())
    await Promise.all([publish(500), link.refuse().then(() => link.restore())])
    await linkIs('error', 'exchange')
    expect((await effects())?.all).toBeLessThan(published)

    await Promise.all([publish(500), link.accept().then(() => linkIs('running', 'exchange'))])
    for (let cuts = 0; cuts < 3; cuts++) {
      const reconnected = link.signals.connected.next()
      link.cut()
      await Promise.all([publish(100), reconnected])
    }
    await linkIs('running', 'exchange')
    await expect.poll(effects, { timeout: 60_000 }).toEqual(all())

    expect(outcomes.get('handled')).toBe(published)
    expect(outcomes.get('duplicate')).toBeGreaterThanOrEqual(50)
    expect([...outcomes.keys()].toSorted()).toEqual(['duplicate', 'handled'])
    expect((await planOf(downstream, downstreamSpec)).steps).toEqual([])
    process.stderr.write(`${upstream.version}: ${published} events, ${JSON.stringify(Object.fromEntries(outcomes))}\n`)
  }, 180_000)

  test('share a queue: what waits on the one goes to consumers of the other', async () => {
    await linkIs('running', 'queue')
    const publisher = await channelOf(upstream)
    const consumer = await channelOf(downstream)
    const received: string[] = []
    await consumer.consume('qu.work', (message) => {
      if (message === null) return
      received.push(message.content.toString())
      consumer.ack(message)
    })
    const sent = Array.from({ length: 300 }, (_, index) => String(index))
    for (const [index, each] of sent.entries()) {
      publisher.sendToQueue('qu.work', Buffer.from(each), { persistent: true })
      if (index === 150) link.cut()
    }
    await publisher.waitForConfirms()
    await expect.poll(() => new Set(received).size, { timeout: 30_000 }).toBe(sent.length)
  })
})
