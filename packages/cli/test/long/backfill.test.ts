import { userInfo } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Backfill, Store } from '@warren/bus'
import { ids } from '../support/fill.ts'
import { shopFolder, startWarren, warren } from '../support/run.ts'
import { filledStores } from '../support/stores.ts'
import type { StorePlaces } from '../support/stores.ts'

const registered = { service: 'loyalty', hasInbox: true, timeoutMs: 30_000, queueCreatedMs: null, patternsSinceMs: 0 }
const paid = { 'order.payment.onPaid': 2, 'order.viporder.payment.onPaid': 1 }

describe.each(['sqlite', 'postgres'] as const)('backfills in %s', (kind) => {
  let places: StorePlaces
  let orders: Store
  const run = (...args: string[]) => warren(['backfill', ...args], { cwd: shopFolder, env: places.env })
  const backfills = () => orders.reconciliation.backfill.list()
  beforeAll(async () => {
    places = await filledStores(kind)
    orders = await places.open('orders')
    const { registry } = orders.reconciliation
    const begin = { closeMs: 0, fromMs: 1, patterns: ['#.payment.*'] }
    await registry.register({ name: 'order.loyalty', queue: 'qu.order.loyalty', ...registered }, begin, null)
    await registry.register({ name: 'order.gone', queue: 'qu.order.gone', ...registered }, begin, null)
    await registry.retire('order.gone', 'ann')
  })
  afterAll(() => places.drop())

  test('says how many of what it would send, and sends nothing', async () => {
    const told = await run('order.loyalty', '--since', '2025-01-01', '--dry-run')
    expect(told.stdout).toMatch(/^EVENT +EVENTS +STORE\norder\.payment\.onPaid +2 +orders\n/)
    expect(told.code).toBe(0)
    const document = (await run('order.loyalty', '--since', '2025-01-01', '--dry-run', '--json')).json()
    const events = Object.entries(paid).map(([name, count]) => ({ store: 'orders', name, count }))
    expect(document).toMatchObject({ subscription: 'order.loyalty', isDryRun: true, events, total: 3, backfills: [] })
    const recent = await run('order.loyalty', '--since', '1h')
    expect([recent.code, recent.stdout]).toEqual([0, 'no event of that time matches: there is nothing to send\n'])
    expect(await backfills()).toEqual([])
  })

  test('asks before it does anything, and refuses where nobody can be asked', async () => {
    const { code, stderr } = await run('order.loyalty', '--since', '2025-01-01')
    expect(code).toBe(64)
    expect(stderr).toContain('at 200 a second it takes 1 s at least')
    expect(stderr).toContain('MESSAGE_TOO_OLD')
    expect(stderr).toContain('CONFIRMATION_REQUIRED: Send 3 events to order.loyalty?')
    expect(await backfills()).toEqual([])
  })

  test.each([
    [['order.loyalti', '--since', '7d'], 66, 'SUBSCRIPTION_UNKNOWN: .*did you mean "order.loyalty"\\?'],
    [['warehouse', '--since', '7d'], 66, 'SUBSCRIPTION_UNKNOWN: .*they know order.gone, order.loyalty'],
    [['order.gone', '--since', '7d'], 1, 'BACKFILL_REFUSED: .*is retired'],
    [
      ['order.loyalty', '--since', '2025-01-01', '--pattern', 'product.#'],
      64,
      'PATTERN_MATCHES_NOTHING: .*#.payment.\\*',
    ],
    [['order.loyalty', '--since', '7d', '--pattern', 'order..x'], 64, 'PATTERN_INVALID'],
    [['order.loyalty', '--since', '1h', '--until', '2h'], 64, 'USAGE_INVALID: --since lies behind --until'],
    [['order.loyalty', '--since', '7d', '--rate', '0'], 64, 'USAGE_INVALID'],
    [['order.loyalty'], 64, 'USAGE_INVALID: .*--since'],
    [['show', ids.sent], 66, 'BACKFILL_UNKNOWN'],
  ])('%j is refused', async (args, code, message) => {
    const finished = await run(...args)
    expect(finished.stderr).toMatch(new RegExp(message))
    expect(finished.code).toBe(code)
  })

  test('writes what is to be sent into the store of the publisher, and steers it', async () => {
    const args = ['--since', '2025-01-01', '--pattern', 'order.viporder.#', '--rate', '50', '--yes', '--no-follow']
    const { code, json } = await run('order.loyalty', ...args, '--json')
    expect(code).toBe(0)
    const [backfill] = await backfills()
    const expected = { id: backfill!.id, store: 'orders', state: 'running', rate: 50, total: 1, sent: 0 }
    expect(json()).toMatchObject({ isDryRun: false, total: 1, backfills: [expected] })
    expect(backfill).toMatchObject({
      patterns: ['order.viporder.#'],
      names: ['order.viporder.payment.onPaid'],
      requestedBy: userInfo().username,
    })

    const list = await run('list', '--state', 'running')
    expect(list.stdout).toMatch(new RegExp(`${backfill!.id} +order\\.loyalty +running +0/1 `))
    const show = await run('show', backfill!.id)
    expect(show.stdout).toMatch(/^sent +0 of 1 \(0 %\)$/m)
    const act = async (action: string) => (await run(action, backfill!.id)).stdout.trim()
    expect(await act('pause')).toBe('paused: order.loyalty, 0 of 1 sent')
    expect(await act('pause')).toBe('nothing changed: the backfill of order.loyalty is paused')
    expect(await act('resume')).toBe('resumed: order.loyalty, 0 of 1 sent')
    expect(await act('cancel')).toBe('cancelled: order.loyalty, 0 of 1 sent')
    expect(await backfills()).toMatchObject([{ state: 'cancelled' }])
  })

  test('shows the progress until it is over, and says why it failed', async () => {
    const follow = async (work: (backfill: Backfill) => Promise<unknown>) => {
      const child = startWarren(['backfill', 'order.loyalty', '--since', '2025-01-01', '--yes'], {
        cwd: shopFolder,
        env: places.env,
      })
      const said = { stdout: '', stderr: '' }
      child.stdout.on('data', (text: string) => (said.stdout += text))
      // It has begun to follow when it shows the first line.
      const working = new Promise<unknown>((resolve, reject) => {
        child.stderr.on('data', (text: string) => {
          said.stderr += text
          if (text.includes('0/3'))
            backfills()
              .then(([first]) => work(first!))
              .then(resolve, reject)
        })
      })
      const [code] = await Promise.all([new Promise((resolve) => child.once('close', resolve)), working])
      return { code, ...said }
    }
    const { backfill } = orders.reconciliation
    const done = await follow(async ({ id, cursor }) => {
      await backfill.advance({ id, cursor }, { cursor: ids.delivered, sent: 3, pace: 20 })
      await backfill.end(id, 'done', null)
    })
    expect(done).toMatchObject({ code: 0, stdout: '3 events sent to order.loyalty\n' })
    expect(done.stderr).toContain(' 100 %  order.loyalty 3/3')

    const failed = await follow(({ id }) => backfill.end(id, 'failed', 'the broker says no'))
    expect(failed.code).toBe(1)
    expect(failed.stderr).toMatch(/BACKFILL_FAILED: orders: the broker says no; "warren backfill resume /)
  })
})
