import { apply, driftIn, isClusterError, makePlan, type MadePlan, type Spec, type VhostSpec } from '@warren/cluster'
import type { Cluster } from '@warren/cluster/local'
import { api, type ManagementClient } from '@warren/cluster/management'
import { type ConfirmChannel, connect, type ConsumeMessage } from 'amqplib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'

const queue = 'qu.order.loyalty'
const entities = Array.from({ length: 4000 }, (_, index) => `order-${index}`)

/** A vhost with one partitioned queue; other sections are put on top. */
const withPartitions = (count: number): VhostSpec => ({
  exchanges: { 'ex.order.topic': { type: 'topic' } },
  queues: { [queue]: { partitions: count } },
  bindings: [{ from: 'ex.order.topic', toQueue: queue, keys: ['order.#'] }],
})

let cluster: Cluster
let client: ManagementClient

beforeAll(async () => {
  cluster = await privateCluster({
    nodes: 3,
    plugins: ['rabbitmq_consistent_hash_exchange', 'rabbitmq_sharding'],
    config: { collect_statistics_interval: 1000 },
  })
  client = cluster.managementClient()
}, 240_000)
afterAll(async () => {
  await cluster.down()
})

const specOf = (vhost: string, sections: VhostSpec): Spec => ({ name: vhost, vhosts: { [vhost]: sections } })
const planOf = async (vhost: string, sections: VhostSpec, prune = false): Promise<MadePlan> =>
  await makePlan(client, specOf(vhost, sections), new Map(), { prune })
const applied = async (
  vhost: string,
  sections: VhostSpec,
  options: { prune?: boolean; repartition?: string[] } = {},
) => {
  const { plan } = await planOf(vhost, sections, options.prune)
  const { results } = await apply(client, plan, options)
  for (const result of results) if (result.kind === 'failed') throw result.error
  expect((await planOf(vhost, sections, options.prune)).plan.steps).toEqual([])
}
const codeOf = (error: unknown): string => {
  if (isClusterError(error, 'PARTITIONS_NOT_DRAINED')) return error.code
  throw error
}
const channelOf = async (vhost: string): Promise<ConfirmChannel> => {
  const connection = await connect(`${cluster.amqpUrls[0]!}/${vhost}`)
  // Broken when the node is restarted.
  connection.on('error', () => undefined)
  onTestFinished(() => connection.close().catch(() => undefined))
  return await connection.createConfirmChannel()
}
const publish = async (channel: ConfirmChannel, ids: readonly string[]): Promise<void> => {
  for (const id of ids) {
    const headers = { cloudEvents_subject: id }
    channel.publish('ex.order.topic', 'order.payment.onPaid', Buffer.from(id), { persistent: true, headers })
  }
  await channel.waitForConfirms()
}
const partitionsOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${queue}.p${index}`)

type Taken = readonly (readonly [id: string, partition: string])[]

/** Takes so many messages, of which there are no more, and says in which partition each was. */
async function taken(channel: ConfirmChannel, count: number, expected: number): Promise<Taken> {
  const found: (readonly [string, string])[] = []
  const take = (name: string) => (message: ConsumeMessage | null) => {
    if (message === null) return
    found.push([message.content.toString(), name])
    channel.ack(message)
  }
  // Quorum queues with a single active consumer refuse basic.get.
  const consumers = await Promise.all(partitionsOf(count).map((name) => channel.consume(name, take(name))))
  await expect.poll(() => found.length, { timeout: 30_000 }).toBe(expected)
  for (const { consumerTag } of consumers) await channel.cancel(consumerTag)
  for (const name of partitionsOf(count)) expect((await channel.checkQueue(name)).messageCount).toBe(0)
  expect(found).toHaveLength(expected)
  return found
}

describe('a queue of 8 partitions', () => {
  test('gives an entity the same one always, all of them about as much, also when nodes are restarted one after the other', async () => {
    await applied('spread', withPartitions(8))
    const channel = await channelOf('spread')
    await publish(channel, entities)
    await publish(channel, entities)
    const before = await taken(channel, 8, 2 * entities.length)
    const places = new Map(before)
    // Of two messages of an entity in two partitions only the last would be here.
    expect(before.filter(([id, partition]) => places.get(id) !== partition)).toEqual([])
    const sizes = partitionsOf(8).map((name) => [...places.values()].filter((each) => each === name).length)
    process.stderr.write(`${cluster.version}: ${entities.length} entities in 8 partitions: ${sizes.join(' ')}\n`)
    for (const size of sizes) expect(Math.abs(size / (entities.length / 8) - 1)).toBeLessThan(0.3)

    const movedAfter = async (): Promise<number> => {
      const again = await channelOf('spread')
      await publish(again, entities)
      const after = await taken(again, 8, entities.length)
      return after.filter(([id, partition]) => places.get(id) !== partition).length
    }
    for (const node of ['n3', 'n1']) {
      await cluster.stop(node)
      await cluster.start(node)
    }
    expect(await movedAfter()).toBe(0)

    // With Mnesia the ring is in memory: whoever starts first makes it anew, in an order that is left to chance.
    await cluster.stop()
    await cluster.start()
    const moved = await movedAfter()
    process.stderr.write(
      `${cluster.version}: ${moved} of ${entities.length} moved when all nodes were restarted at once\n`,
    )
    const made = await planOf('spread', withPartitions(8))
    expect(made.plan.steps).toEqual([])
    const isMnesia = made.plan.broker.metadataStore === 'mnesia'
    if (!isMnesia) expect(moved).toBe(0)
    expect(made.findings.some(({ rule }) => rule === 'partitions-in-memory')).toBe(isMnesia)
  }, 600_000)

  test('takes a message without the header', async () => {
    await applied('bare', withPartitions(2))
    const channel = await channelOf('bare')
    for (const body of ['one', 'two']) channel.publish('ex.order.topic', 'order.payment.onPaid', Buffer.from(body))
    await channel.waitForConfirms()
    const found = await taken(channel, 2, 2)
    expect(found.map(([body]) => body)).toEqual(['one', 'two'])
    expect(new Set(found.map(([, partition]) => partition)).size).toBe(1)
  })

  test('has one active consumer in each, and the next when that is gone', async () => {
    await applied('active', withPartitions(2))
    const [first, second, publisher] = await Promise.all([
      channelOf('active'),
      channelOf('active'),
      channelOf('active'),
    ])
    // A message may come twice: 4.3.6 delivered 104 of 100 on a machine under load.
    const got = { first: new Set<string>(), second: new Set<string>() }
    const consume = async (channel: ConfirmChannel, into: Set<string>) => {
      for (const name of partitionsOf(2)) {
        await channel.consume(name, (message: ConsumeMessage | null) => {
          if (message === null) return
          into.add(message.content.toString())
          channel.ack(message)
        })
      }
    }
    await consume(first, got.first)
    await consume(second, got.second)
    const ids = entities.slice(0, 100)
    await publish(publisher, ids)
    await expect.poll(() => got.first.size, { timeout: 10_000 }).toBe(100)
    expect(got.second.size).toBe(0)
    await first.close()
    await publish(publisher, ids)
    await expect.poll(() => got.second.size, { timeout: 10_000 }).toBe(100)
  })
})

describe('other partitions', () => {
  test('are refused while messages wait or come, and are made once the old ones are drained', async () => {
    await applied('grow', withPartitions(8))
    const channel = await channelOf('grow')
    await publish(channel, entities)
    const more = await planOf('grow', withPartitions(12))
    expect(more.plan.repartitions).toMatchObject([
      { queue, before: partitionsOf(8), after: partitionsOf(12), sources: ['ex.order.topic'] },
    ])
    const waiting = async () =>
      (await client.get<{ messages?: number }[]>(api`queues/grow`)).reduce((sum, { messages = 0 }) => sum + messages, 0)
    await expect.poll(waiting, { timeout: 20_000 }).toBe(entities.length)
    await expect(apply(client, more.plan)).rejects.toMatchObject({ code: 'PARTITIONS_NOT_DRAINED' })
    expect(await client.get(api`queues/grow`)).toHaveLength(8)

    const before = new Map(await taken(channel, 8, entities.length))
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0)
    // Nothing waits whenever somebody looks, and yet it comes.
    const consumer = await channelOf('grow')
    for (const name of partitionsOf(8)) await consumer.consume(name, () => undefined, { noAck: true })
    const stop = new AbortController()
    const flow = (async () => {
      while (!stop.signal.aborted) await publish(channel, ['order-1'])
    })()
    await expect(apply(client, more.plan)).rejects.toMatchObject({ code: 'PARTITIONS_NOT_DRAINED' })
    stop.abort()
    await flow
    await consumer.close()
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0)

    // Counts of what was published lag behind.
    await expect
      .poll(() => applied('grow', withPartitions(12)).then(() => 'applied', codeOf), { timeout: 60_000 })
      .toBe('applied')
    await publish(channel, entities)
    const after = await taken(channel, 12, entities.length)
    const moved = after.filter(([id, partition]) => before.get(id) !== partition)
    const toOld = moved.filter(([, partition]) => partitionsOf(8).includes(partition))
    process.stderr.write(`${cluster.version}: 8 → 12: ${moved.length} moved, ${toOld.length} to an old partition\n`)
    expect(moved.length).toBeGreaterThan(0)

    const fewer = await planOf('grow', withPartitions(6), true)
    expect(fewer.plan.repartitions).toMatchObject([{ before: partitionsOf(12), after: partitionsOf(6) }])
    await publish(channel, entities.slice(0, 100))
    await expect.poll(waiting, { timeout: 20_000 }).toBe(100)
    await expect(apply(client, fewer.plan)).rejects.toMatchObject({ code: /PARTITIONS_NOT_DRAINED|PRUNE_REFUSED/ })
    await taken(channel, 12, 100)
    await expect.poll(waiting, { timeout: 20_000 }).toBe(0)
    await expect
      .poll(() => applied('grow', withPartitions(6), { prune: true }).then(() => 'applied', codeOf), {
        timeout: 60_000,
      })
      .toBe('applied')
    await publish(channel, entities)
    const least = await taken(channel, 6, entities.length)
    const places = new Map(after)
    const movedBack = least.filter(([id, partition]) => places.get(id) !== partition).length
    process.stderr.write(`${cluster.version}: 12 → 6: ${movedBack} moved\n`)
  }, 300_000)

  test('are made over messages that wait when the queue is named', async () => {
    await applied('told', withPartitions(2))
    const channel = await channelOf('told')
    await publish(channel, entities.slice(0, 50))
    await applied('told', withPartitions(3), { repartition: [queue] })
    await taken(channel, 3, 50)
  })
})

describe('a sharded exchange', () => {
  const sharded: VhostSpec = {
    exchanges: { 'sh.order': { type: 'x-modulus-hash' } },
    policies: {
      shards: {
        pattern: '^sh\\.',
        applyTo: 'exchanges',
        definition: { 'shards-per-node': 3, 'routing-key': 'any' },
      },
    },
  }

  test('gets its queues on each node by a policy, and the plan never speaks of them', async () => {
    await applied('shards', sharded)
    const shards = async () =>
      (await client.get<{ name: string }[]>(api`queues/shards?columns=name`)).map(({ name }) => name)
    await expect.poll(shards, { timeout: 20_000 }).toHaveLength(9)
    for (const name of await shards()) expect(name).toMatch(/^sharding: sh\.order - /)
    const { plan, findings } = await planOf('shards', sharded, true)
    expect(plan).toMatchObject({ steps: [], orphans: [] })
    expect(driftIn(plan)).toEqual([])
    expect(findings).toEqual([])

    const channel = await channelOf('shards')
    for (const id of entities.slice(0, 300)) channel.publish('sh.order', id, Buffer.from(id))
    await channel.waitForConfirms()
    const counts = await Promise.all(
      (await shards()).map(async (name) => (await channel.checkQueue(name)).messageCount),
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300)
    for (const count of counts) expect(count).toBeGreaterThan(10)

    // The exchange goes with its spec; what the plugin made goes with the exchange or stays, and is never pruned.
    const { shards: _, ...none } = sharded.policies ?? {}
    const without = { ...sharded, policies: none }
    const { plan: removal } = await planOf('shards', without, true)
    expect(removal.steps.map(({ kind, name }) => `${kind}/${name}`)).toEqual(['policy/shards'])
  })
})
