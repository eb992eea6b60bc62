import { userInfo } from 'node:os'
import type { Store } from '@warren/bus'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fillProof, holdLease } from './support/fill-proof.ts'
import { shopFolder, warren } from './support/run.ts'
import { filledStores } from './support/stores.ts'
import type { StorePlaces } from './support/stores.ts'

// What these do in a store is tested with the stores, and what a service makes of it with the services.
describe('compensation', () => {
  let places: StorePlaces
  let orders: Store
  const reconcile = (...args: string[]) => warren(['reconcile', ...args], { cwd: shopFolder, env: places.env })
  const by = userInfo().username
  beforeAll(async () => {
    places = await filledStores('sqlite')
    orders = await places.open('orders')
    await fillProof(orders)
  })
  afterAll(() => places.drop())

  test('is shown as it is, and as unknown until a service has said what its code says', async () => {
    const before = await reconcile('settings')
    expect(before.stdout).toMatch(/^FOR +COMPENSATION +BUDGET +ALLOWED NOW +RESENT 1 MIN +RESENT 1 H +BREAKER OPENS/)
    expect(before.stdout).toMatch(/^all +\? +\? +\? +0 +0 +\? +orders$/m)
    await orders.reconciliation.compensation.declare(
      {
        ...{ mode: 'auto', share: 0.1, minPerSecond: 20 },
        ...{ maxMissingShare: 0.2, minMissing: 100, maxUnansweredMs: 120_000 },
      },
      'orders',
    )
    const [all, one, status] = await Promise.all([
      reconcile('settings'),
      reconcile('settings', 'order.crm', '--json'),
      reconcile('status'),
    ])
    expect(all.stdout).toMatch(/^all +auto +10 %, 20\/s +20\/s +0 +0 +over 20 % and 100, after 2 min +orders$/m)
    expect(all.stdout).toMatch(/^order\.crm .* open: no barrier was answered for more than 120 s +orders$/m)
    expect(all.stdout).not.toContain('order.old')
    expect(one.json()).toMatchObject({
      compensation: [
        {
          ...{ store: 'orders', subscription: 'order.crm', allowedPerSecond: 20, hasOwnBudget: false, set: null },
          ...{ origins: { mode: 'code' }, breaker: { cause: 'unanswered' }, order: null },
        },
      ],
    })
    expect(status.stdout).toMatch(/^order\.mail .* auto +mail$/m)
    expect([all.code, one.code]).toEqual([0, 0])
  })

  test('is set for one and for all, tried before, and reset; who did it is shown', async () => {
    const dry = await reconcile('settings', 'order.crm', '--compensation', 'report', '--budget-min', '5', '--dry-run')
    expect(dry.stdout).toBe(
      'would be set for order.crm in orders:\ncompensation: auto → report\nbudget minimum: 20/s → 5/s\n',
    )
    const asked = await reconcile('settings', 'order.crm', '--compensation', 'report')
    expect(asked.stderr).toMatch(/CONFIRMATION_REQUIRED: Set this for order\.crm in orders\?/)
    expect((await orders.reconciliation.compensation.list()).ones.size).toBe(0)

    const set = await reconcile(
      ...['settings', 'order.crm', '--compensation', 'report', '--budget-share', '0.5', '--breaker-share', '1'],
      ...['--breaker-min', '7', '--breaker-unanswered', '10m', '--yes'],
    )
    expect(set.stdout).toMatch(/^set for order\.crm in orders:\ncompensation: auto → report\n/)
    expect(set.stderr).toContain('nothing of it is taken up before a process of the service "orders" runs')
    expect((await reconcile('settings', '--budget-min', '40', '--yes')).code).toBe(0)
    const { all, ones } = await orders.reconciliation.compensation.list()
    expect(all).toMatchObject({ set: { minPerSecond: 40 }, by })
    expect(ones.get('order.crm')).toMatchObject({
      by,
      set: { mode: 'report', share: 0.5, maxMissingShare: 1, minMissing: 7, maxUnansweredMs: 600_000 },
    })
    await holdLease(orders)
    const [shown, status] = await Promise.all([reconcile('settings'), reconcile('status', '--json')])
    expect(shown.stdout).toMatch(
      /^order\.crm +report +50 %, 40\/s +40\/s of its own .* compensation, budget share, breaker share, /m,
    )
    expect(status.json()).toMatchObject({
      publishers: [
        {
          compensation: { settings: { mode: 'auto', minPerSecond: 40 } },
          subscriptions: [
            {},
            { compensation: { settings: { mode: 'report' }, set: { mode: 'report', by } } },
            {},
            {},
            {},
          ],
        },
      ],
    })

    const undone = await reconcile('settings', 'order.crm', '--compensation', 'default', '--yes')
    expect(undone).toMatchObject({
      stderr: '',
      stdout: 'set for order.crm in orders:\ncompensation: report → default\n',
    })
    expect((await reconcile('settings', 'order.crm', '--reset', '--yes')).stdout).toMatch(
      /^set for order\.crm in orders:\nno longer set: budget share, breaker share, .* by /,
    )
    expect((await reconcile('settings', 'order.crm', '--reset', '--yes')).stdout).toBe(
      'nothing was set for order.crm in orders\n',
    )
    expect((await orders.reconciliation.compensation.list()).ones.size).toBe(0)
  })

  test('what the breaker is told is told back, and shown until it is released', async () => {
    const dry = await reconcile('breaker', 'hold', 'order.crm', '--dry-run')
    expect(dry.stdout).toBe('order.crm misses 1 event; nothing is resent to it until somebody releases or closes it\n')
    expect((await reconcile('breaker', 'hold', 'order.crm')).stderr).toMatch(
      /CONFIRMATION_REQUIRED: order\.crm misses 1/,
    )
    expect((await reconcile('breaker', 'hold', 'order.crm', '--yes')).stdout).toMatch(
      /^the breaker of order\.crm is told: nothing is resent to it .*\(store orders\)\n$/,
    )
    expect((await orders.reconciliation.proof.list('order.crm'))[0]?.order).toMatchObject({ order: 'hold', by })
    const [again, other, shown, listed] = await Promise.all([
      reconcile('breaker', 'hold', 'order.crm', '--yes'),
      reconcile('breaker', 'close', 'order.mail', '--yes'),
      reconcile('status'),
      reconcile('settings', 'order.crm'),
    ])
    expect(listed.stdout).toMatch(new RegExp(`^order\\.crm .* open: held by ${by} +orders$`, 'm'))
    expect(again.stdout).toContain('nothing changed: the breaker of order.crm was told that before')
    expect(other.stdout).toContain('nothing changed: the breaker of order.mail is closed')
    expect(shown.stdout).toMatch(new RegExp(`^order\\.crm .* held by ${by} +crm$`, 'm'))
    expect((await reconcile('breaker', 'close', 'order.crm', '--yes', '--json')).json()).toMatchObject({
      ...{ subscription: 'order.crm', action: 'close', missing: 1, stores: [{ store: 'orders', kind: 'ordered' }] },
    })
    await reconcile('breaker', 'release', 'order.crm', '--yes')
    expect((await orders.reconciliation.proof.list('order.crm'))[0]?.order).toBeNull()
    expect((await reconcile('breaker', 'release', 'order.crm', '--yes')).stdout).toContain('was told nothing')
  })

  test.each([
    [['settings', 'order.crm', '--budget-min', '0'], 'COMPENSATION_INVALID', 64],
    [['settings', 'order.crm', '--breaker-share', '1.5'], 'COMPENSATION_INVALID', 64],
    [['settings', 'order.crm', '--breaker-unanswered', '0.5s'], 'COMPENSATION_INVALID', 64],
    [['settings', 'order.crm', '--budget-share', '10%'], 'USAGE_INVALID', 64],
    [['settings', 'order.crm', '--reset', '--compensation', 'off'], 'USAGE_INVALID', 64],
    [['settings', 'order.crm', '--dry-run'], 'USAGE_INVALID', 64],
    [['settings', 'order.crn', '--compensation', 'off', '--yes'], 'SUBSCRIPTION_UNKNOWN', 66],
    [['breaker', 'open', 'order.crm'], 'USAGE_INVALID', 64],
    [['breaker', 'hold', 'order.crn', '--yes'], 'SUBSCRIPTION_UNKNOWN', 66],
  ])('what makes no sense is refused: %j', async (args, error, code) => {
    const refused = await reconcile(...args)
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(`warren: ${error}: `) as unknown])
  })
})
