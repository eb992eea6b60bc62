import { expect, it, onTestFinished } from 'vitest'
import { openPage } from '../../../../test/support/browser.ts'
import { privateCluster } from '../../../../test/support/broker.ts'
import { eventually } from '../../../bus/test/support/service.ts'
import { startMonitor } from '../../src/index.ts'

it('shows within seconds that a node is down, and that it runs again, also while the first one it asked is away', async () => {
  const cluster = await privateCluster({ nodes: 3 })
  onTestFinished(() => cluster.down())
  const management = { endpoints: cluster.nodes.map((node) => node.managementUrl), credentials: cluster.credentials }
  const monitor = await startMonitor({ stores: [], clusters: [{ name: 'main', management }], port: 0 })
  onTestFinished(() => monitor.stop())
  const page = await openPage()
  await page.goto(monitor.bootstrapUrl ?? '')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Cluster' }).click()
  const states = async () => {
    const cells = await page.getByRole('region', { name: 'Nodes' }).getByRole('row').allTextContents()
    return cells.slice(1).map((text) => (text.includes('down') ? 'down' : 'running'))
  }
  await eventually(async () => (await states()).join() === 'running,running,running')
  const [first] = cluster.nodes
  await cluster.kill(first?.name ?? '')
  await eventually(async () => (await states()).filter((state) => state === 'down').length === 1, 60_000)
  expect(await page.getByRole('alert').count()).toBe(0)
  await cluster.start(first?.name ?? '')
  await eventually(async () => (await states()).join() === 'running,running,running', 60_000)
})
