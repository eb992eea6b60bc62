import { userInfo } from 'node:os'
import type { Store } from '@warren/bus'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ids } from './support/fill.ts'
import { addGhost, fillProof, ghost, holdLease } from './support/fill-proof.ts'
import { shopFolder, warren } from './support/run.ts'
import { filledStores } from './support/stores.ts'
import type { StorePlaces } from './support/stores.ts'

describe.each(['sqlite', 'postgres'] as const)('the proof of delivery in %s', (kind) => {
  let places: StorePlaces
  const run = (...args: string[]) => warren(args, { cwd: shopFolder, env: places.env })
  const reconcile = (...args: string[]) => run('reconcile', ...args)
  beforeAll(async () => {
    places = await filledStores(kind)
    await fillProof(await places.open('orders'))
  })
  afterAll(() => places.drop())

  test('status says in one sentence what is not well, and of each subscription how it stands', async () => {
    const { stdout, code } = await reconcile('status')
    const [summary, , heading, ...rows] = stdout.trimEnd().split('\n')
    expect(summary).toBe(
      'Nobody reconciles orders: no process of the service "orders" does, so nobody listens or asks; 1 event is missing at order.crm; the breaker of order.crm is open: nothing is resent there.',
    )
    expect(heading).toMatch(/^SUBSCRIPTION +STATE +PROVEN THROUGH +ROUND TRIP +DELIVERIES +RETRYING +PARKED +MISSING/)
    const states: Record<string, string> = Object.fromEntries(
      rows.map((row) => row.split(/ {2,}/).slice(0, 2) as [string, string]),
    )
    expect(states).toMatchObject({
      'order.audit': 'keeps no inbox: nothing can be proved of it',
      'order.crm': 'missing 1; breaker open: no barrier was answered for more than 120 s',
      'order.mail': 'proven',
      'product.search': 'proven',
    })
    expect(states['order.old']).toMatch(/^retired .*Z by ann; 1 waived$/)
    expect(code).toBe(2)
  })

  test('explain shows the cause of a missing event with its evidence and every step', async () => {
    const { stdout, stderr } = await reconcile('explain', ids.delivered, '--store', 'orders')
    const [, crm] = /^order\.crm\n([^]*?)\n\n/m.exec(stdout) ?? []
    expect(crm).toMatch(/^state +missing: it did not arrive, and is to be resent to this subscription alone$/m)
    expect(crm).toMatch(/^cause +removed: the queue stood and had it; /m)
    expect(crm).toMatch(/^ +bindingStood +true\nsuspected +.*Z\nconfirmed +.*Z\nresends +0$/m)
    expect(crm).toMatch(/^last resend +MESSAGE_RETURNED: no queue took it$/m)
    expect(stdout).toMatch(/^state +received: received, as the subscription has proved/m)
    expect(stdout).toMatch(/^state +waived: .*[^]*^by +ann$/m)
    expect(stdout).toMatch(/^state +not-expected: its patterns at that time do not match the event$/m)
    expect(stdout).toMatch(/^state +no-inbox: sent; /m)
    expect(stderr).toContain(`warren reconcile resend ${ids.delivered}`)
  })

  test('missing lists what did not arrive; with --all what is settled, too', async () => {
    const [open, all, other] = await Promise.all([
      reconcile('missing'),
      reconcile('missing', '--all', '--json'),
      reconcile('missing', '--subscription', 'order.mail'),
    ])
    expect(open.stdout).toMatch(
      new RegExp(`^${ids.delivered} +order.viporder.payment.onPaid +order.crm +missing +removed`, 'm'),
    )
    expect(open.stdout.trimEnd().split('\n')).toHaveLength(2)
    expect(open.code).toBe(2)
    expect(all.json()).toMatchObject({
      missing: [
        { subscription: 'order.crm', state: 'missing', cause: 'removed', resends: 0, evidence: { bindingStood: true } },
        { subscription: 'order.old', state: 'waived', settledBy: 'ann' },
      ],
      next: null,
    })
    expect(other).toMatchObject({ stdout: 'nothing is missing\n', code: 0 })
  })

  test('trace is the matrix of one event, from the stores of both sides and the proof', async () => {
    const [traced, alone] = await Promise.all([
      run('trace', ids.delivered),
      run('messages', 'trace', ids.delivered, '--store', 'orders', '--json'),
    ])
    const [, matrix = ''] = traced.stdout.split('\n\n')
    const states = matrix
      .trimEnd()
      .split('\n')
      .slice(2)
      .map((line) => line.split(/ {2,}/).slice(0, 2))
    // The store of the subscriber is ahead of the proof.
    expect(states).toEqual([
      ['order.audit', 'no-inbox'],
      ['order.crm', 'retrying'],
      ['order.mail', 'received'],
      ['order.old', 'waived'],
    ])
    expect(alone.json()).toMatchObject({
      published: [{ state: 'sent' }],
      deliveries: [
        { subscription: 'order.audit', state: 'no-inbox', store: null },
        { subscription: 'order.crm', state: 'missing', missed: { cause: 'removed', resends: 0 } },
        { subscription: 'order.mail', state: 'received', missed: null },
        { subscription: 'order.old', state: 'waived', missed: { settledBy: 'ann' } },
      ],
    })
  })
})

// What these do in a store is tested with the stores, on both.
describe('the proof of delivery, acted on', () => {
  let places: StorePlaces
  let orders: Store
  const run = (...args: string[]) => warren(args, { cwd: shopFolder, env: places.env })
  const reconcile = (...args: string[]) => run('reconcile', ...args)
  beforeAll(async () => {
    places = await filledStores('sqlite')
    orders = await places.open('orders')
    await fillProof(orders)
  })
  afterAll(() => places.drop())

  test('what a person names and nobody knows is answered with what is near', async () => {
    const unknown = ids.sent.replace(/1$/, '8')
    const [name, subscription, event, resent, subscriber] = await Promise.all([
      reconcile('run', 'order.crn'),
      run('subscriptions', 'retire', 'nothing.like.it', '--yes'),
      reconcile('explain', unknown),
      reconcile('resend', ids.sent, '--yes'),
      reconcile('status', '--store', 'crm'),
    ])
    expect(name.stderr).toMatch(/^warren: SUBSCRIPTION_UNKNOWN: .*did you mean "order.crm"\?\n$/)
    expect(subscription.stderr).toMatch(/SUBSCRIPTION_UNKNOWN: .*there are order.audit, order.crm, order.mail, /)
    expect(event.stderr).toMatch(/^warren: MESSAGE_UNKNOWN: /)
    expect(resent.stderr).toMatch(/^warren: MESSAGE_UNKNOWN: .*not missing anywhere/)
    expect(subscriber.stderr).toMatch(/^warren: NOT_PUBLISHING: /)
    expect([name, subscription, event, resent, subscriber].map(({ code }) => code)).toEqual([66, 66, 66, 66, 66])
  })

  test('a run without a reconciler is told whose process should run', async () => {
    const { code, stdout, stderr } = await reconcile('run')
    expect(stderr).toMatch(/^warren: RECONCILER_NOT_RUNNING: .*start one of the service "orders"/)
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' })
  })

  // From here on each changes what is there.
  test('resend asks first, makes missing events due, and says who wanted it', async () => {
    const [asked, dry] = await Promise.all([
      reconcile('resend', '--subscription', 'order.crm'),
      reconcile('resend', ids.delivered, '--dry-run', '--json'),
    ])
    expect(asked.stderr).toMatch(/CONFIRMATION_REQUIRED: Resend 1 missing event\?/)
    expect(asked.code).toBe(64)
    expect(dry.json()).toMatchObject({ matching: 1, resent: 0, groups: [{ subscription: 'order.crm', count: 1 }] })
    expect((await orders.reconciliation.missing.list({ id: ids.delivered }))[0]?.requestedMs).toBeNull()

    const done = await reconcile('resend', ids.delivered, '--yes')
    expect(done.stdout).toBe('1 event to be resent\n')
    expect(done.stderr).toContain('order.crm: the breaker is open')
    expect(done.stderr).toContain('nothing is sent before a process of the service "orders" runs')
    const [row] = await orders.reconciliation.missing.list({ subscription: 'order.crm' })
    expect(row).toMatchObject({ state: 'missing', attempts: 0, requestedMs: expect.any(Number) as number })
    expect(await actions(orders)).toContainEqual([userInfo().username, 'resend', 'order.crm', ids.delivered])
  })

  test('retire shows what is waived, and waives it', async () => {
    const dry = await run('subscriptions', 'retire', 'order.crm', '--dry-run')
    expect(dry.stdout).toMatch(/^would waive 1 missing event of order.crm\n/)
    expect(await orders.reconciliation.missing.list({ states: ['missing'] })).toHaveLength(1)
    const done = await run('subscriptions', 'retire', 'order.crm', '--yes')
    expect(done.stdout).toBe('order.crm is retired; 1 event waived\n')
    expect(done.stderr).toMatch(/seen .* ago \(orders\): if it still runs, it comes back by itself/)
    expect(done.stderr).toContain('queue qu.order.crm stays on the broker')
    expect(await orders.reconciliation.missing.list({ states: ['missing'] })).toEqual([])
    expect(await actions(orders)).toContainEqual([userInfo().username, 'retire', 'order.crm', null])
    expect((await run('subscriptions', 'retire', 'order.crm', '--yes')).stdout).toBe('order.crm was retired before\n')
  })

  test('status exits 0 with one sentence when all is proven, and ghosts end that', async () => {
    await holdLease(orders)
    const well = await reconcile('status')
    expect(well.stdout).toMatch(
      /^All 1,204 deliveries of the last 7d are proven at 2 of 2 subscriptions, up to \d{4}.*Z; 3 events wait to be sent\.\n/,
    )
    expect(well.code).toBe(0)
    await addGhost(orders)
    const [status, ghosts, explained] = await Promise.all([
      reconcile('status', '--json'),
      reconcile('ghosts', '--subscription', 'order.mail'),
      reconcile('explain', ghost),
    ])
    expect(status.json()).toMatchObject({
      isWell: false,
      summary: '1 ghost at order.mail.',
      publishers: [{ store: 'orders', isReconciling: true, unsent: 3 }],
    })
    expect(ghosts.stdout).toMatch(new RegExp(`^${ghost} +order.payment.onPaid +order.mail +`, 'm'))
    expect(explained.stdout).toMatch(/^order\.mail: a ghost\n/m)
    expect([status.code, ghosts.code, explained.code]).toEqual([2, 2, 0])
  })

  test('subscriptions list shows what publishers know of them', async () => {
    const listed = await run('subscriptions', 'list')
    const [own = '', known = ''] = listed.stdout.split('\n\n')
    expect(own).toMatch(/^order\.crm +order\.# +qu\.order\.crm/m)
    expect(known).toMatch(/^Known to publishers\nSUBSCRIPTION +PATTERNS +SERVICE +INBOX +LAST SEEN +RETIRED/)
    expect(known).toMatch(/^order\.audit +# +audit +no +\d{4}/m)
    expect(known).toMatch(/^order\.crm +crm +yes +\S+ \S+ +\d{4}\S+ \S+Z +orders$/m)
  })
})

async function actions(store: Store): Promise<readonly unknown[]> {
  const { rows } = await store.query(
    'select actor, action, subscription, message_id from warren_action_log order by id',
  )
  return rows.map(({ actor, action, subscription, message_id }) => [actor, action, subscription, message_id])
}
