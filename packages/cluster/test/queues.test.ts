import {
  cancelSync,
  changeMembers,
  listQueues,
  planGrow,
  planShrink,
  rebalanceQueues,
  type SyncEvent,
  syncQueues,
} from '@warren/cluster'
import { api, brokerOf, isAtLeast, ManagementClient, type ObservedRequest } from '@warren/cluster/management'
import { expect, onTestFinished, test } from 'vitest'
import { sharedCluster, testVhost } from '../../../test/support/broker.ts'
import { forbiddingProxy } from './support/forbidding-proxy.ts'
import { behind, declare, fill, mirror, placementOf } from './support/queues.ts'

const cluster = await sharedCluster()
const { version } = await brokerOf(cluster.managementClient())
const hasMirrors = !isAtLeast(version, '4')
const nodes = cluster.nodes.map(({ erlangName }) => erlangName)
const quorum = { arguments: { 'x-queue-type': 'quorum' } }
const single = { arguments: { 'x-queue-type': 'quorum', 'x-quorum-initial-group-size': 1 } }

async function ownVhost() {
  const { vhost, amqpUrls, drop } = await testVhost()
  onTestFinished(drop)
  const requests: ObservedRequest[] = []
  const client = cluster.managementClient({ onRequest: (request) => void requests.push(request) })
  return { vhost, amqpUrl: amqpUrls[0]!, client, requests }
}

async function forbidding(isForbidden: (method: string, path: string) => boolean): Promise<ManagementClient> {
  const endpoint = await forbiddingProxy(cluster.nodes[0]!.managementUrl, isForbidden)
  return new ManagementClient({ endpoints: [endpoint], credentials: cluster.credentials })
}

test('lists queues of all types with where they are and what holds for them', async () => {
  const { vhost, amqpUrl, client } = await ownVhost()
  await declare(client, vhost, 'qu.a/b', quorum)
  await declare(client, vhost, 'classic')
  await declare(client, vhost, 'log', { arguments: { 'x-queue-type': 'stream' } })
  const policy = { pattern: '^qu', definition: { 'max-length': 10 }, 'apply-to': 'queues' }
  await client.put(api`policies/${vhost}/short`, policy)
  await fill(amqpUrl, ['classic'], 3)
  // Statistics are told every 5 s.
  await expect
    .poll(
      async () => (await listQueues(client, { vhost })).map(({ name, messages, policy }) => [name, messages, policy]),
      {
        timeout: 20_000,
      },
    )
    .toEqual(
      expect.arrayContaining([
        ['classic', 3, undefined],
        ['log', 0, undefined],
        ['qu.a/b', 0, 'short'],
      ]),
    )
  const [log, replicated] = await Promise.all(
    ['^log$', 'a/b'].map(async (text) => (await listQueues(client, { vhost, pattern: new RegExp(text) }))[0]!),
  )
  expect(replicated).toMatchObject({ type: 'quorum', mirrors: [], effectivePolicy: { 'max-length': 10 }, consumers: 0 })
  for (const queue of [log!, replicated!]) {
    expect(queue.members.map(({ node }) => node).toSorted()).toEqual(nodes)
    expect(queue.members.every(({ isOnline }) => isOnline)).toBe(true)
    expect(nodes).toContain(queue.leader)
  }
  await expect(listQueues(client, { vhost, names: ['classic', 'qu'] })).rejects.toMatchObject({
    code: 'QUEUE_UNKNOWN',
    details: { queues: ['qu'] },
  })
})

test.runIf(hasMirrors)('synchronises queues in batches, and looks at them alone', async () => {
  const { vhost, amqpUrl, client, requests } = await ownVhost()
  const names = ['ha.1', 'ha.2', 'ha.3', 'ha.4']
  for (const name of [...names, 'plain']) await declare(client, vhost, name)
  await fill(amqpUrl, names, 500)
  await mirror(client, vhost, '^ha', 2)
  expect(await Promise.all(names.map((name) => behind(client, vhost, name)))).toEqual([2, 2, 2, 2])

  const events: SyncEvent[] = []
  requests.length = 0
  const queues = [...names, 'plain', 'none'].map((name) => ({ vhost, name }))
  const results = await syncQueues(client, queues, {
    batch: 2,
    pollMs: 200,
    onEvent: (event) => void events.push(event),
  })
  const asked = [...requests]
  expect(await Promise.all(names.map((name) => behind(client, vhost, name)))).toEqual([0, 0, 0, 0])
  expect(results).toMatchObject([
    ...names.map((name) => ({ kind: 'synchronised', queue: { vhost, name } })),
    { kind: 'failed', error: { code: 'QUEUE_UNSUITABLE' } },
    { kind: 'failed', error: { code: 'QUEUE_UNKNOWN' } },
  ])
  expect(mostAtATime(events)).toBe(2)
  expect(asked.flatMap(({ method, path }) => (method === 'POST' ? [path] : [])).toSorted()).toEqual(
    names.map((name) => `queues/${vhost}/${name}/actions`),
  )
  expect(asked.filter(({ path }) => /^queues(\?|\/[^/]+\?|$)/.test(path))).toEqual([])
})

test.runIf(hasMirrors)(
  'does not begin what was not begun when it is told to stop, and leaves the broker at it',
  async () => {
    const { vhost, amqpUrl, client } = await ownVhost()
    for (const name of ['ha.1', 'ha.2']) await declare(client, vhost, name)
    await fill(amqpUrl, ['ha.1', 'ha.2'], 10)
    await mirror(client, vhost, '^ha', 2)
    const stopping = new AbortController()
    const queues = ['ha.1', 'ha.2'].map((name) => ({ vhost, name }))
    const onEvent = ({ kind }: SyncEvent): void => {
      if (kind === 'started') stopping.abort()
    }
    const results = await syncQueues(client, queues, { signal: stopping.signal, onEvent })
    expect(results.map(({ kind }) => kind)).toEqual([expect.stringMatching(/left|synchronised/), 'skipped'])
    await expect.poll(() => behind(client, vhost, 'ha.1'), { timeout: 30_000 }).toBe(0)
    expect(await behind(client, vhost, 'ha.2')).toBe(2)
  },
)

test.runIf(hasMirrors)('tells an operator who forbids it apart from a failure, and tries no other queue', async () => {
  const { vhost, amqpUrl, client } = await ownVhost()
  for (const name of ['ha.1', 'ha.2']) await declare(client, vhost, name)
  await fill(amqpUrl, ['ha.1', 'ha.2'], 1)
  await mirror(client, vhost, '^ha', 2)
  const asked: string[] = []
  const managed = await forbidding((method, path) => method === 'POST' && asked.push(path) > 0)
  const queues = ['ha.1', 'ha.2'].map((name) => ({ vhost, name }))
  const forbidden = { code: 'MANAGEMENT_FORBIDDEN_OPERATION', message: expect.stringContaining('sync_queue') as string }
  await expect(syncQueues(managed, queues)).rejects.toMatchObject(forbidden)
  await expect(cancelSync(managed, queues)).rejects.toMatchObject({ ...forbidden, details: { status: 405 } })
  expect(asked).toEqual([`/api/queues/${vhost}/ha.1/actions`, `/api/queues/${vhost}/ha.1/actions`])
  expect(await behind(client, vhost, 'ha.1')).toBe(2)
})

test('an operator who forbids rebalancing is told apart', async () => {
  const managed = await forbidding((method) => method === 'POST')
  await expect(rebalanceQueues(managed)).rejects.toMatchObject({
    code: 'MANAGEMENT_FORBIDDEN_OPERATION',
    message: expect.stringContaining('rabbitmq-queues rebalance all') as string,
  })
})

test.skipIf(isAtLeast(version, '3.11'))('names the command where members cannot be changed over HTTP', async () => {
  const { vhost, client } = await ownVhost()
  await declare(client, vhost, 'qu', quorum)
  const unsupported = (command: string) => ({
    code: 'QUEUE_MEMBERS_UNSUPPORTED',
    message: expect.stringContaining(`"${command}"`) as string,
  })
  await expect(planGrow(client, 'n2')).rejects.toMatchObject(unsupported('rabbitmq-queues grow n2 all'))
  await expect(planShrink(client, 'n2')).rejects.toMatchObject(unsupported('rabbitmq-queues shrink n2'))
})

test.skipIf(hasMirrors)('says that there is nothing to synchronise, and what replaces it', async () => {
  const { vhost, client } = await ownVhost()
  await declare(client, vhost, 'qu', quorum)
  const unsupported = { code: 'QUEUE_SYNC_UNSUPPORTED', message: expect.stringContaining('queues grow') as string }
  await expect(syncQueues(client, [{ vhost, name: 'qu' }])).rejects.toMatchObject(unsupported)
  await expect(cancelSync(client, [{ vhost, name: 'qu' }])).rejects.toMatchObject(unsupported)
})

test.runIf(isAtLeast(version, '3.11'))('adds members and removes them, and reads that it is so', async () => {
  const { vhost, client } = await ownVhost()
  for (const name of ['qu.1', 'qu.2']) await declare(client, vhost, name, single)
  await declare(client, vhost, 'classic')
  const { leader } = await placementOf(client, vhost, 'qu.1')
  const [second, third] = nodes.filter((node) => node !== leader)
  const members = async (name: string) =>
    (await placementOf(client, vhost, name)).members.map(({ node }) => node).toSorted()

  for (const node of [second!, third!]) {
    const steps = await planGrow(client, node, { vhost, names: ['qu.1'] })
    expect(await changeMembers(client, steps)).toMatchObject([{ kind: 'done', step: { name: 'qu.1', node } }])
  }
  expect(await members('qu.1')).toEqual(nodes)
  expect(await members('qu.2')).toHaveLength(1)
  expect(await planGrow(client, second!, { vhost, names: ['qu.1'] })).toEqual([])

  const steps = await planShrink(client, second!, { vhost, names: ['qu.1'] })
  expect(await changeMembers(client, steps)).toMatchObject([{ kind: 'done' }])
  expect(await members('qu.1')).toEqual(nodes.filter((node) => node !== second))
  // One copy alone would be left.
  await expect(planShrink(client, third!, { vhost, names: ['qu.1'] })).rejects.toMatchObject({
    code: 'QUEUE_SHRINK_REFUSED',
  })
  const forced = await planShrink(client, third!, { vhost, names: ['qu.1'] }, { isForced: true })
  // What the plan was let do is looked at again before it is done.
  expect(await changeMembers(client, forced)).toMatchObject([{ error: { code: 'QUEUE_SHRINK_REFUSED' } }])
  expect(await changeMembers(client, forced, { isForced: true })).toMatchObject([{ kind: 'done' }])

  await expect(planGrow(client, second!, { vhost, names: ['classic'] })).rejects.toMatchObject({
    code: 'QUEUE_UNSUITABLE',
  })
  await expect(planGrow(client, 'n9')).rejects.toMatchObject({ code: 'NODE_UNKNOWN' })
})

test.runIf(isAtLeast(version, '3.11'))('tells a queue that cannot be changed, and changes the others', async () => {
  const { vhost, client } = await ownVhost()
  for (const name of ['qu.1', 'qu.2']) await declare(client, vhost, name, single)
  const { leader } = await placementOf(client, vhost, 'qu.2')
  const node = nodes.find((candidate) => candidate !== leader)!
  const steps = (await planGrow(client, node, { vhost })).map((step) =>
    step.name === 'qu.1' ? { ...step, node: 'no@where' } : step,
  )
  expect(await changeMembers(client, steps)).toMatchObject([
    { kind: 'failed', error: { code: 'MANAGEMENT_FAILED' }, step: { name: 'qu.1' } },
    { kind: 'done', step: { name: 'qu.2' } },
  ])
})

test.runIf(isAtLeast(version, '3.11'))('an operator who forbids changing members is told apart', async () => {
  const { vhost, client } = await ownVhost()
  await declare(client, vhost, 'qu', single)
  const { leader } = await placementOf(client, vhost, 'qu')
  const [step] = await planGrow(
    client,
    nodes.find((node) => node !== leader)!,
    { vhost },
  )
  const managed = await forbidding((method) => method === 'POST')
  const forbidden = {
    code: 'MANAGEMENT_FORBIDDEN_OPERATION',
    message: expect.stringContaining('rabbitmq-queues add_member') as string,
  }
  await expect(changeMembers(managed, [step!])).rejects.toMatchObject(forbidden)
  expect((await placementOf(client, vhost, 'qu')).members).toHaveLength(1)
})

function mostAtATime(events: readonly SyncEvent[]): number {
  let running = 0
  let most = 0
  for (const event of events) {
    if (event.kind === 'started') running += 1
    if (event.kind === 'ended' && event.result.kind === 'synchronised') running -= 1
    most = Math.max(most, running)
  }
  return most
}
