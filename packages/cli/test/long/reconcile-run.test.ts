import { connect } from 'amqplib'
import { createBus } from '@warren/bus'
import type { Bus, BusOptions, Sql } from '@warren/bus'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { sharedCluster, testVhost } from '../../../../test/support/broker.ts'
import shop from '../shop/warren.config.ts'
import { shopFolder, startWarren, warren } from '../support/run.ts'
import { storePlaces } from '../support/stores.ts'

const paid = 'order.payment.onPaid'
const catalog = shop.catalog!
type Reconcile = Exclude<BusOptions<typeof catalog, Sql>['reconcile'], boolean | undefined>

/** Nothing is found or resent before a person asks. */
const byHand: Reconcile = {
  compensation: 'report',
  intervalMs: 3_600_000,
  graceMs: 100,
  clockToleranceMs: 0,
  announceMs: 500,
  reportMs: 200,
  leaseMs: 2_000,
  backoffMs: 60_000,
}

beforeAll(async () => {
  await sharedCluster()
})

// It starts the command ten times: seconds on a quiet machine.
test('a run finds what a queue has lost, explain says so, and a resend brings it', { timeout: 300_000 }, async () => {
  const { amqpUrls, drop } = await testVhost()
  const places = await storePlaces('sqlite')
  onTestFinished(async () => {
    await places.drop()
    await drop()
  })
  const orders = await places.open('orders')
  const crm = await places.open('crm')
  const make = (service: string, store: typeof orders): Bus<typeof catalog, Sql> => {
    const bus = createBus({ service, catalog, store, endpoints: amqpUrls, reconcile: byHand })
    onTestFinished(() => bus.stop())
    return bus
  }
  const publisher = make('orders', orders)
  const subscriber = make('crm', crm)
  await subscriber.subscribe('order.crm', ['order.#'], () => undefined, { timeoutMs: 500 })
  await Promise.all([subscriber.start(), publisher.start()])
  const run = (...args: string[]) => warren(args, { cwd: shopFolder, env: places.env })
  const reconcile = (...args: string[]) => run('reconcile', ...args)

  await publisher.publish(paid, { orderId: 'o-1' })
  await until(async () => (await orders.reconciliation.registry.list()).length === 1)
  const channel = await (await connect(amqpUrls[0]!)).createChannel()
  await channel.unbindQueue('qu.order.crm', 'ex.order.topic', 'order.#')
  // Another queue takes it, so that it counts as sent.
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, 'ex.order.topic', '#')
  const lost = await publisher.publish(paid, { orderId: 'o-2' })
  await until(async () => (await orders.messages.trace(lost.id)).sent?.state === 'sent')
  await past(Number.parseInt(lost.id.slice(0, 8) + lost.id.slice(9, 13), 16) + 2_000)

  // The digest differs, the ids tell which one, and it is suspected until a later barrier confirms it.
  const first = await reconcile('run', 'order.crm', '--json')
  expect(first.stderr).toMatch(/^order\.crm: asked\norder\.crm: answered in \S+ \S+, proven through /)
  expect(first.json()).toMatchObject({ subscriptions: [{ subscription: 'order.crm', run: 'compared' }] })
  const missing = async () => (await orders.reconciliation.missing.list({ id: lost.id }))[0]
  await until(async () => (await missing()) !== undefined)
  await past((await missing())!.suspectedMs + 2_000)
  const second = await reconcile('run')
  expect(second.stdout).toMatch(/^order\.crm +compared +missing 1 +\d{4}/m)
  expect(second.code).toBe(2)

  const [explained, traced] = await Promise.all([reconcile('explain', lost.id), run('trace', lost.id, '--json')])
  expect(explained.stdout).toMatch(
    /^state +missing: [^]*^cause +\S+: [^]*^suspected +[^]*^confirmed +.*Z\nresends +0$/m,
  )
  expect(traced.json()).toMatchObject({ deliveries: [{ subscription: 'order.crm', state: 'missing' }] })

  // Nothing is resent by itself; a person's word is enough, and a watcher sees it arrive.
  const watcher = startWarren(['reconcile', 'status', '--watch'], { cwd: shopFolder, env: places.env })
  onTestFinished(() => void watcher.kill('SIGKILL'))
  let seen = ''
  watcher.stdout.on('data', (text: string) => (seen += text))
  await until(() => seen.includes('1 event is missing at order.crm'))
  expect((await reconcile('resend', lost.id, '--yes')).stdout).toBe('1 event to be resent\n')
  await until(async () => (await crm.messages.trace(lost.id)).received.length === 1)
  const third = await reconcile('run')
  expect(third.stdout).toMatch(/^order\.crm +compared +proven +\d{4}/m)
  expect(third.code).toBe(0)
  expect(await missing()).toMatchObject({ state: 'recovered', attempts: 1 })
  await until(() => /All 2 deliveries of the last 7d are proven at 1 of 1 subscription, /.test(seen))

  // A subscriber that is away does not answer, which is no error of the reconciler.
  await subscriber.stop()
  const away = await reconcile('run', '--timeout', '6')
  expect(away.stdout).toMatch(/^order\.crm +not answered yet +/m)
  expect(away.code).toBe(2)
})

async function until(check: () => Promise<boolean> | boolean): Promise<void> {
  await expect.poll(check, { timeout: 60_000, interval: 25 }).toBe(true)
}

/** Waits until the clock is there: barriers ask for what is older than that. */
function past(timeMs: number): Promise<void> {
  return until(() => Date.now() > timeMs)
}
