import {
  readConsumers,
  readQueueSamples,
  readQueueTotals,
  readSampling,
  readVhostSamples,
  type SamplePoint,
} from '@warren/cluster'
import { connect } from 'amqplib'
import { expect, onTestFinished, test, vi } from 'vitest'
import { testVhost } from '../../../test/support/broker.ts'
import { declare, fill } from './support/queues.ts'

const windows = [
  { ageSeconds: 60, stepSeconds: 5 },
  { ageSeconds: 3_600, stepSeconds: 60 },
]
const last = (points: readonly SamplePoint[]) => points.at(-1)?.value

test('reads what went through a vhost and a queue, what waits, and who consumes', async () => {
  const { vhost, amqpUrls, cluster } = await testVhost()
  const client = cluster.managementClient()
  const queue = { vhost, name: 'qu.a/b' }
  await declare(client, vhost, queue.name, { arguments: { 'x-queue-type': 'quorum' } })
  await declare(client, vhost, 'qu.idle')
  expect(await readConsumers(client, queue)).toEqual([])

  await fill(amqpUrls[0]!, [queue.name], 30)
  const connection = await connect(amqpUrls[0]!)
  onTestFinished(() => connection.close())
  const channel = await connection.createChannel()
  await channel.prefetch(4)
  let received = 0
  await channel.consume(queue.name, (message) => {
    if (message !== null && received++ < 20) channel.ack(message)
  })

  const sampling = await readSampling(client)
  expect(sampling.isOn).toBe(true)
  // The cluster of the tests has not run for an hour, or else the samples of queues go back for less than those of vhosts.
  expect(sampling.queuesSinceMs).toBeGreaterThanOrEqual(sampling.vhostsSinceMs)
  expect(sampling.vhostsSinceMs).toBeLessThan(Date.now())

  await vi.waitFor(
    async () => {
      const samples = await readQueueSamples(client, queue, windows, sampling)
      expect([samples.ready, samples.unacknowledged, samples.acknowledged].map(last)).toEqual([6, 4, 20])
      const all = await readVhostSamples(client, vhost, windows, sampling)
      expect([all.published, all.acknowledged, all.messages].map(last)).toEqual([30, 20, 10])
    },
    { timeout: 40_000, interval: 500 },
  )
  const { published } = await readVhostSamples(client, vhost, windows, sampling)
  expect(published.map(({ atMs }) => atMs)).toEqual(
    [...new Set(published.map(({ atMs }) => atMs))].toSorted((a, b) => a - b),
  )
  expect(published[0]!.atMs).toBeGreaterThanOrEqual(sampling.vhostsSinceMs)
  expect(await readQueueTotals(client, vhost)).toEqual(
    expect.arrayContaining([
      { ...queue, ready: 6, unacknowledged: 4 },
      { vhost, name: 'qu.idle', ready: 0, unacknowledged: 0 },
    ]),
  )
  expect(await readConsumers(client, queue)).toEqual([
    {
      ...{ tag: expect.stringMatching(/^amq\.ctag/) as string, prefetch: 4, acknowledges: true, isActive: true },
      channel: expect.stringMatching(/ \(1\)$/) as string,
      connection: expect.stringMatching(/^127\.0\.0\.1:\d+ ->/) as string,
      ...{ user: cluster.credentials.username, node: cluster.nodes[0]!.erlangName },
    },
  ])
  const absent = { vhost, name: 'qu.absent' }
  const notFound = { code: 'MANAGEMENT_NOT_FOUND' }
  await expect(readConsumers(client, absent)).rejects.toMatchObject(notFound)
  await expect(readQueueSamples(client, absent, windows, sampling)).rejects.toMatchObject(notFound)
})
