import { userInfo } from 'node:os'
import type { Store } from '@warren/bus'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillProof } from './support/fill-proof.ts'
import { ids } from './support/fill.ts'
import { shopFolder, warren } from './support/run.ts'
import { filledStores } from './support/stores.ts'
import type { StorePlaces } from './support/stores.ts'

// What these do in a store is tested with the stores, on both.
describe('watches', () => {
  let places: StorePlaces
  let orders: Store
  const watches = (...args: string[]) => warren(['watches', ...args], { cwd: shopFolder, env: places.env })
  beforeAll(async () => {
    places = await filledStores('sqlite')
    orders = await places.open('orders')
    await fillProof(orders)
  })
  afterAll(() => places.drop())

  test('are added where events are published, counted, and removed when a person says so', async () => {
    expect((await watches('list')).stdout).toBe('no watches\n')
    const dry = await watches('add', 'Sale', '--pattern', '#.payment.*', '--dry-run')
    expect(dry.stdout).toMatch(/^would add the watch Sale\n/)
    const added = await watches(
      ...['add', 'Sale', '--pattern', '#.payment.*', '--since', '2025-01-01T00:00:00Z', '--max-parked', 'none'],
      ...['--max-unhandled', '90m', '--compensation', 'off'],
    )
    expect(added.stdout).toMatch(/^the watch Sale is added, in orders\n/)
    expect(await orders.watches.list()).toMatchObject([
      {
        ...{ name: 'Sale', patterns: ['#.payment.*'], entityIds: [], compensation: 'off', toMs: null },
        alarm: { maxMissing: 0, maxParked: null, maxUnhandledMs: 5_400_000 },
        createdBy: userInfo().username,
      },
    ])
    const [listed, shown, text] = await Promise.all([
      watches('list'),
      watches('show', 'Sale', '--json'),
      watches('show', 'Sale'),
    ])
    expect(listed.stdout).toMatch(/^Sale +running +since 2025-01-01 00:00:00Z +#\.payment\.\* +all +more than 0 /m)
    expect(shown.json()).toMatchObject({
      watch: {
        ...{ name: 'Sale', phase: 'running', published: 3, sent: 2, isAlarmed: true, stores: ['orders'] },
        from: '2025-01-01T00:00:00.000Z',
      },
    })
    expect(text.stdout).toMatch(
      /^now +alarm: 1 missing at order\.crm, and not resent; order\.crm has not handled one /m,
    )
    expect(text.stdout).toMatch(/^SUBSCRIPTION +FOR IT +RECEIVED +HANDLED +WAITING/m)
    expect([shown.code, text.code]).toEqual([2, 2])

    const explained = await warren(['reconcile', 'explain', ids.delivered, '--store', 'orders'], {
      ...{ cwd: shopFolder, env: places.env },
    })
    expect(explained.stdout).toMatch(/not resent by itself, because of the watch "Sale"/)

    const missing = await warren(['reconcile', 'missing', '--json'], { cwd: shopFolder, env: places.env })
    expect(missing.json()).toMatchObject({ missing: [{ subscription: 'order.crm', heldBy: 'Sale' }] })

    const asked = await watches('remove', 'Sale')
    expect(asked.stderr).toMatch(/CONFIRMATION_REQUIRED: Remove the watch Sale from orders\?/)
    expect((await watches('remove', 'Sale', '--dry-run')).stdout).toBe('would remove the watch Sale from orders\n')
    expect((await watches('remove', 'Sale', '--yes')).stdout).toBe('the watch Sale is removed from orders\n')
    expect(await orders.watches.list()).toEqual([])
  })

  test('that make no sense are refused, and unknown ones named', async () => {
    const [pattern, period, unknown] = await Promise.all([
      watches('add', 'x', '--pattern', 'order.del*'),
      watches('add', 'x', '--pattern', '#', '--since', '2026-02-02', '--until', '2026-02-01'),
      watches('show', 'x'),
    ])
    expect(pattern.stderr).toMatch(/^warren: PATTERN_INVALID: /)
    expect(period.stderr).toMatch(/^warren: WATCH_INVALID: the period of the watch ends before it begins/)
    expect(unknown.stderr).toMatch(/^warren: WATCH_UNKNOWN: /)
    expect([pattern.code, period.code, unknown.code]).toEqual([64, 64, 66])
  })
})
