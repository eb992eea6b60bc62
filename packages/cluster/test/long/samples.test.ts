import { readConsumers, readQueueSamples, readQueueTotals, readSampling, readVhostSamples } from '@warren/cluster'
import { expect, test, vi } from 'vitest'
import { privateCluster } from '../../../../test/support/broker.ts'
import { declare, fill } from '../support/queues.ts'

test.each(['management_agent.disable_metrics_collector', 'management.disable_stats'])(
  'tells that nothing is measured with %s, and reads lengths all the same',
  async (setting) => {
    await using cluster = await privateCluster({ nodes: 1, config: { [setting]: 'true' } })
    const { name: vhost, amqpUrls } = await cluster.createVhost()
    const client = cluster.managementClient()
    const queue = { vhost, name: 'qu.a' }
    await declare(client, vhost, queue.name, { arguments: { 'x-queue-type': 'quorum' } })
    await fill(amqpUrls[0]!, [queue.name], 5)
    const sampling = await readSampling(client)
    expect(sampling.isOn).toBe(false)
    const windows = [{ ageSeconds: 600, stepSeconds: 15 }]
    expect(await readVhostSamples(client, vhost, windows, sampling)).toEqual({
      ...{ published: [], acknowledged: [], messages: [] },
    })
    expect(await readQueueSamples(client, queue, windows, sampling)).toEqual({
      ...{ ready: [], unacknowledged: [], acknowledged: [] },
    })
    expect(await readConsumers(client, queue)).toBeUndefined()
    await vi.waitFor(
      async () => expect(await readQueueTotals(client, vhost)).toEqual([{ ...queue, ready: 5, unacknowledged: 0 }]),
      { timeout: 20_000 },
    )
  },
)
