import { randomUUID } from 'node:crypto'
import { apply, makePlan, type Plan, type PlanOptions, type Spec, type VhostSpec } from '@warren/cluster'
import { api, type ManagementClient, type ObservedRequest } from '@warren/cluster/management'
import amqp from 'amqplib'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { sharedCluster } from '../../../../test/support/broker.ts'

let vhost: string
let amqpUrl: string
let client: ManagementClient
let seen: ObservedRequest[]

beforeEach(async () => {
  const cluster = await sharedCluster()
  seen = []
  client = cluster.managementClient({ onRequest: (request) => void seen.push(request) })
  vhost = `apply-${randomUUID().slice(0, 8)}`
  amqpUrl = `${cluster.amqpUrls[0] ?? ''}/${vhost}`
  const name = `warren.owned.${vhost}`
  onTestFinished(async () => {
    await client.delete(api`vhosts/${vhost}`).catch(() => undefined)
    await client.delete(api`global-parameters/${name}`).catch(() => undefined)
  })
})

const specOf = (sections: VhostSpec): Spec => ({ name: vhost, vhosts: { [vhost]: sections } })
const planOf = async (sections: VhostSpec, options: PlanOptions = {}): Promise<Plan> =>
  (await makePlan(client, specOf(sections), new Map(), options)).plan
const tried = async (sections: VhostSpec, options: PlanOptions = {}, removeQueues: readonly string[] = []) =>
  await apply(client, await planOf(sections, options), { removeQueues })
const applied = async (...args: Parameters<typeof tried>) => {
  const done = await tried(...args)
  for (const result of done.results) if (result.kind === 'failed') throw result.error
  return done
}

const two: VhostSpec = {
  exchanges: { ex: { type: 'topic' } },
  queues: { 'qu.a': { type: 'quorum' }, 'qu.b': { type: 'classic' } },
  bindings: [{ from: 'ex', toQueue: 'qu.a', keys: ['a.#'] }],
}
const { 'qu.b': _, ...onlyA } = two.queues ?? {}
const one: VhostSpec = { ...two, queues: onlyA }
const none: VhostSpec = { exchanges: { ex: { type: 'topic' } } }

describe('pruning', () => {
  test('leaves alone what the spec did not make, also in its own vhost', async () => {
    await applied(two)
    await client.put(api`queues/${vhost}/${'by-hand'}`, { durable: true })
    await client.put(api`exchanges/${vhost}/${'ex.by-hand'}`, { type: 'topic', durable: true })
    await applied(one, { prune: true })
    const queues = await client.get<{ name: string }[]>(api`queues/${vhost}`)
    expect(queues.map(({ name }) => name).toSorted()).toEqual(['by-hand', 'qu.a'])
  })

  test.each(['qu.a', 'qu.b'])('refuses the queue %s with messages, before anything is changed', async (queue) => {
    await applied(two)
    await publish(queue)
    seen.length = 0
    await expect(applied(none, { prune: true })).rejects.toMatchObject({ code: 'PRUNE_REFUSED' })
    expect(seen.filter(({ method }) => method !== 'GET')).toEqual([])
    expect(await client.find(api`queues/${vhost}/${queue}`)).toBeDefined()
  })

  test.each(['qu.a', 'qu.b'])('refuses the queue %s with a consumer, before anything is changed', async (queue) => {
    await applied(two)
    await using consumer = await consume(queue)
    seen.length = 0
    await expect(applied(none, { prune: true })).rejects.toMatchObject({
      code: 'PRUNE_REFUSED',
      message: expect.stringMatching(`"${queue}".*0 messages, 1 consumers`) as string,
    })
    expect(seen.filter(({ method }) => method !== 'GET')).toEqual([])
    expect(consumer.queue).toBe(queue)
  })

  test('removes a queue with messages when it is named, and no other', async () => {
    await applied(two)
    await publish('qu.a')
    await publish('qu.b')
    await expect(applied(none, { prune: true }, ['qu.b'])).rejects.toMatchObject({ code: 'PRUNE_REFUSED' })
    expect((await applied(none, { prune: true }, ['qu.a', `${vhost}/qu.b`])).isComplete).toBe(true)
    expect(await client.get(api`queues/${vhost}`)).toEqual([])
  })

  test('refuses a vhost with a queue that is in use', async () => {
    await applied(two)
    await publish('qu.a')
    const { plan } = await makePlan(client, { name: vhost }, new Map(), { prune: true })
    expect(plan.steps.map(({ kind }) => kind)).toEqual(['vhost'])
    await expect(apply(client, plan)).rejects.toMatchObject({ code: 'PRUNE_REFUSED' })
  })
})

describe('applying', () => {
  test('that stops half-way goes on where it stopped', async () => {
    const broken: VhostSpec = { ...two, bindings: [{ from: 'nowhere', toQueue: 'qu.a' }] }
    const { results, isComplete } = await tried(broken)
    expect(isComplete).toBe(false)
    expect(results.map(({ kind }) => kind)).toEqual(['done', 'done', 'done', 'done', 'failed'])
    expect((await planOf(two)).steps.map(({ kind }) => kind)).toEqual(['binding'])
    expect((await applied(two)).isComplete).toBe(true)
    expect((await planOf(two)).steps).toEqual([])
  })

  test.each([1, 2, 3, 5])(
    'that is killed after %i writes ends with an empty plan when it is run again',
    async (writes) => {
      const plan = await planOf(two)
      let left = writes
      const dying = new Proxy(client, {
        get(target, key) {
          const value: unknown = Reflect.get(target, key)
          if (typeof value !== 'function') return value
          return (...args: unknown[]): unknown => {
            if ((key === 'put' || key === 'post') && left-- <= 0) throw new Error('killed')
            return Reflect.apply(value, target, args)
          }
        },
      })
      const first = await apply(dying, plan).catch((error: unknown) => error)
      expect(first).not.toMatchObject({ isComplete: true })
      await applied(two)
      expect((await planOf(two)).steps).toEqual([])
      // What the first one made is known to be the spec's.
      expect((await planOf(none)).orphans.map(({ name }) => name).toSorted()).toEqual(['qu.a', 'qu.b'])
    },
  )

  test('changes nothing when one step cannot be made, and the rest when that is left out', async () => {
    await applied({ ...two, queues: { 'qu.a': { type: 'classic' } } })
    const changed: VhostSpec = { ...two, exchanges: { ex: { type: 'topic' }, more: { type: 'topic' } } }
    seen.length = 0
    await expect(applied(changed)).rejects.toMatchObject({ code: 'PLAN_BLOCKED' })
    expect(seen.filter(({ method }) => method !== 'GET')).toEqual([])
    expect((await applied(changed, { only: ['exchange/more'] })).isComplete).toBe(true)
  })
})

test('what is simulated is what the broker says of its queues', async () => {
  const sections: VhostSpec = {
    queues: { 'qu.order.a': { type: 'quorum' }, 'qu.order.b': { type: 'classic' }, other: { type: 'stream' } },
    policies: {
      low: { pattern: 'qu', applyTo: 'queues', definition: { 'max-length': 100 } },
      high: { pattern: '\\.order\\.', priority: 5, definition: { 'max-length': 50, 'delivery-limit': 3 } },
      streams: { pattern: 'other', definition: { 'max-age': '7D' } },
    },
    operatorPolicies: {
      cap: { pattern: '.*', applyTo: 'queues', definition: { 'max-length-bytes': 1000, 'message-ttl': 9 } },
    },
  }
  const { plan, effective } = await makePlan(client, specOf(sections), new Map())
  await apply(client, plan)
  for (const { name: queue, after } of effective) {
    await expect
      .poll(
        () => client.get(api`queues/${vhost}/${queue}?columns=policy,operator_policy,effective_policy_definition`),
        { timeout: 30_000 },
      )
      .toMatchObject({
        // Where there is none, 3.10 says null, an empty list or nothing.
        ...(after?.policy === undefined ? {} : { policy: after.policy }),
        ...(Object.keys(after?.definition ?? {}).length === 0
          ? {}
          : { effective_policy_definition: after?.definition }),
      })
  }
  expect(effective.map(({ name, after }) => [name, after?.policy, after?.operatorPolicy])).toEqual([
    ['qu.order.a', 'high', 'cap'],
    ['qu.order.b', 'low', 'cap'],
    ['other', 'streams', undefined],
  ])
})

async function publish(queue: string): Promise<void> {
  const body = { properties: {}, routing_key: queue, payload: 'x', payload_encoding: 'string' }
  expect(await client.post(api`exchanges/${vhost}/${'amq.default'}/publish`, body)).toEqual({ routed: true })
  const path = api`queues/${vhost}/${queue}?columns=messages`
  await expect.poll(() => client.get(path), { timeout: 30_000 }).toEqual({ messages: 1 })
}

async function consume(queue: string): Promise<AsyncDisposable & { readonly queue: string }> {
  const connection = await amqp.connect(amqpUrl)
  const channel = await connection.createChannel()
  await channel.consume(queue, () => undefined)
  const path = api`queues/${vhost}/${queue}?columns=consumers`
  await expect.poll(() => client.get(path), { timeout: 30_000 }).toEqual({ consumers: 1 })
  return { queue, [Symbol.asyncDispose]: () => connection.close() }
}
