import { isAtLeast } from '@warren/cluster/management'
import { expect, it, onTestFinished } from 'vitest'
import { openPage } from '../../../../test/support/browser.ts'
import { privateCluster, testedSeries } from '../../../../test/support/broker.ts'
import { behind, declare, fill, mirror } from '../../../cluster/test/support/queues.ts'
import { startMonitor } from '../../src/index.ts'
import { emptyStore } from '../support/clustered.ts'

const hasMirrors = !isAtLeast(testedSeries() ?? '3.10', '4')

it.runIf(hasMirrors)(
  'shows how far a synchronisation is, and ends it before the next queue is begun',
  async () => {
    const cluster = await privateCluster({
      nodes: 2,
      // Bytes a second, so that copying takes its time on any machine; and told of each second in place of each fifth.
      config: { mirroring_sync_max_throughput: 25_000, collect_statistics_interval: 1_000 },
    })
    onTestFinished(() => cluster.down())
    const client = cluster.managementClient()
    for (const name of ['ha.1', 'ha.2']) await declare(client, '/', name)
    await fill(cluster.nodes[0]?.amqpUrl ?? '', ['ha.1', 'ha.2'], 60_000)
    await mirror(client, '/', '^ha', 1)
    const management = { endpoints: cluster.nodes.map((node) => node.managementUrl), credentials: cluster.credentials }
    const { label, store } = await emptyStore()
    const monitor = await startMonitor({
      stores: [{ label, store }],
      clusters: [{ name: 'main', management }],
      port: 0,
    })
    onTestFinished(() => monitor.stop())
    const page = await openPage()
    await page.goto(monitor.bootstrapUrl ?? '')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Cluster' }).click()
    await page.getByRole('button', { name: 'Synchronise 2' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Synchronise 2' }).click()
    const progress = page.getByRole('region', { name: 'Under way, and done lately' })
    await progress.getByText(/ha\.1: under way · [\d,]+ of 60,000 copied/).waitFor({ timeout: 60_000 })
    await progress.getByText('ha.2: waits').waitFor()

    await page.getByRole('link', { name: 'ha.1' }).click()
    await page.getByRole('button', { name: 'Cancel synchronising' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel synchronising' }).click()
    await progress.getByText('ha.1: given up').waitFor({ timeout: 60_000 })
    await expect.poll(() => behind(client, '/', 'ha.1'), { timeout: 30_000 }).toBe(1)
    expect(await behind(client, '/', 'ha.2')).toBe(1)
    // It serves again, and can be synchronised anew.
    await page.getByRole('button', { name: 'Synchronise', exact: true }).waitFor({ timeout: 30_000 })
    const entries = await store.actions.list({})
    const told = entries.map(({ action, details }) => [action, (details as { outcome: string }).outcome])
    expect(told).toEqual([
      ['queues-cancel-sync', 'done'],
      ['queues-sync', 'left'],
      ['queues-cancel-sync', 'begun'],
      ['queues-sync', 'begun'],
    ])
    expect(entries[1]?.details).toMatchObject({ left: ['ha.1'], notBegun: ['ha.2'] })
  },
  400_000,
)
