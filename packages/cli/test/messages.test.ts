import { userInfo } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ids } from './support/fill.ts'
import { shopFolder, warren } from './support/run.ts'
import { filledStores } from './support/stores.ts'
import type { StorePlaces } from './support/stores.ts'

describe.each(['sqlite', 'postgres'] as const)('messages in %s', (kind) => {
  let places: StorePlaces
  const run = (...args: string[]) => warren(['messages', ...args], { cwd: shopFolder, env: places.env })
  beforeAll(async () => {
    places = await filledStores(kind)
  })
  afterAll(() => places.drop())

  test('list shows both sides of all stores, newest first', async () => {
    const { stdout, stderr, code } = await run('list')
    const [published = '', received = ''] = stdout.split('\n\n')
    expect(published).toMatch(/^Published\nID +EVENT +ENTITY +STATE +PUBLISHED +ERROR +STORE\n/)
    expect(columnOf(published, 0)).toEqual([ids.delivered, ids.unpublishable, ids.unroutable, ids.pending, ids.sent])
    expect(columnOf(published, 3)).toEqual(['sent', 'unpublishable', 'unroutable', 'pending', 'sent'])
    expect(received).toMatch(/^Received\nID +EVENT +SUBSCRIPTION +STATUS +RECEIVED +ERROR +STORE\n/)
    expect(columnOf(received, 2)).toHaveLength(5)
    expect(stderr).toBe('')
    expect(code).toBe(0)
  })

  test('list filters by entity, state, name, subscription and time', async () => {
    const list = async (...args: string[]) => (await run('list', '--json', ...args)).json()
    const [entity, state, time, subscription] = await Promise.all([
      list('--entity', 'o-1', '--name', 'order.payment.onPaid'),
      list('--state', 'unroutable'),
      list('--sent', '--since', '1h'),
      list('--subscription', 'order.crm', '--state', 'retrying'),
    ])
    expect(entity).toMatchObject({ sent: [{ id: ids.sent, entityId: 'o-1' }] })
    expect(state).toMatchObject({ sent: [{ id: ids.unroutable }] })
    expect(time).toMatchObject({ sent: [] })
    expect(subscription).toMatchObject({ received: [{ messageId: ids.delivered, failure: { state: 'retrying' } }] })
    expect(entity).not.toHaveProperty('received')
    expect(subscription).not.toHaveProperty('sent')
  })

  test('list tells how to go on behind a page, until nothing follows', async () => {
    const first = await run('list', '--sent', '--limit', '3', '--json')
    expect(first.json()).toMatchObject({
      sent: [{ id: ids.delivered }, { id: ids.unpublishable }, { id: ids.unroutable }],
    })
    expect(first.stderr).toContain(`--before ${ids.unroutable}`)
    const second = await run('list', '--sent', '--limit', '3', '--json', '--before', ids.unroutable)
    expect(second.json()).toMatchObject({ sent: [{ id: ids.pending }, { id: ids.sent }], next: { sent: null } })
    expect(second.stderr).toBe('')
  })

  test('show has headers and payload, whose numbers stay exact', async () => {
    const { stdout } = await run('show', ids.sent)
    expect(stdout).toMatch(/^event +order\.payment\.onPaid$/m)
    expect(stdout).toMatch(/^traceparent +00-0af/m)
    expect(stdout).toContain('{\n  "orderId": "o-1",\n  "amount": 12345678901234567890\n}')
    expect((await run('show', ids.sent, '--json')).stdout).toContain('"amount": 12345678901234567890')
  })

  test('show takes the payload from a failure where the publisher is not among the stores', async () => {
    const shown = await run('show', ids.unroutable, '--store', 'crm', '--json')
    expect(shown.json()).toMatchObject({ id: ids.unroutable, payload: { orderId: 'o-1' } })
  })

  test('trace follows a message through both sides', async () => {
    const finished = await run('trace', ids.sent, '--json')
    expect(finished.json()).toMatchObject({
      id: ids.sent,
      published: [{ store: 'orders', name: 'order.payment.onPaid', source: 'orders', state: 'sent' }],
      deliveries: [
        { store: 'crm', subscription: 'order.crm', state: 'handled', error: null },
        { store: 'crm', subscription: 'order.mail', state: 'parked', attempts: 5, error: 'TypeError: no address' },
      ],
    })
    const { timeline } = finished.json() as { timeline: { kind: string; subscription: string | null }[] }
    const kindsOf = (name: string | null) =>
      timeline.filter(({ subscription }) => subscription === name).map(({ kind }) => kind)
    expect([null, 'order.crm', 'order.mail'].map(kindsOf)).toEqual([
      ['published', 'sent'],
      ['received', 'handled'],
      ['received', 'parked'],
    ])
    const { stdout, stderr } = await run('trace', ids.sent)
    expect(stdout).toMatch(/^by +orders \(store orders\)$/m)
    expect(stdout).toMatch(/^order\.mail +parked .* TypeError: no address +crm$/m)
    expect(stdout).toMatch(
      /^Time line\nAT +STEP +SUBSCRIPTION +ATTEMPT +TOOK +BY +WHY +STORE\n.* published +orders +orders$/m,
    )
    expect(stdout).toMatch(/^\d{4}-\S+ [\d:.]+Z +parked +order\.mail +5 +TypeError: no address +crm$/m)
    expect(stderr).toContain(`warren failures show order.mail ${ids.sent}`)
  })

  test('trace names the subscriptions that should have the message and do not', async () => {
    const traced = await run('trace', ids.pending, '--json')
    expect(traced.json()).toMatchObject({
      published: [{ state: 'pending' }],
      deliveries: [
        { subscription: 'order.crm', state: 'unsent' },
        { subscription: 'order.mail', state: 'unsent' },
      ],
    })
  })

  test('an unknown message is told with its own exit code', async () => {
    const unknown = ids.sent.replace(/1$/, '9')
    const { code, stdout, stderr } = await run('trace', unknown)
    expect(stderr).toMatch(/^warren: MESSAGE_UNKNOWN: /)
    expect({ code, stdout }).toEqual({ code: 66, stdout: '' })
  })

  test('what the terminal would obey is shown as text', async () => {
    const { stdout } = await run('list', '--state', 'retrying')
    expect(stdout).toContain('the bank \\x1b[31mis away')
  })

  // The last ones change what is there.
  test('retry makes what waits pending again and leaves alone what is sent', async () => {
    const finished = await run('retry', ids.unpublishable, ids.sent, '--json')
    expect(finished.json()).toEqual({ retried: 1, leftAlone: [ids.sent] })
    expect(finished.code).toBe(0)
    const { backlog } = await backlogOf(places)
    expect(backlog).toMatchObject({ pending: 2, unroutable: 1, unpublishable: 0 })
  })

  test('retry takes every unroutable event of a name', async () => {
    expect((await run('retry', '--name', 'order.delivery.onDelivered')).stdout).toBe('1 event is pending again\n')
    const { backlog } = await backlogOf(places)
    expect(backlog).toMatchObject({ pending: 3, unroutable: 0, unpublishable: 0 })
  })

  test('the action log says who retried what', async () => {
    const store = await places.open('orders')
    const table = kind === 'sqlite' ? 'warren_action_log' : 'orders.action_log'
    const { rows } = await store.query(`select actor, action, subscription, message_id from ${table} order by id`)
    const by = { actor: userInfo().username, action: 'retry', subscription: null }
    expect(rows).toEqual([
      { ...by, message_id: ids.unpublishable },
      { ...by, message_id: ids.unroutable },
    ])
  })
})

async function backlogOf(places: StorePlaces) {
  const store = await places.open('orders')
  return { backlog: await store.outbox.backlog() }
}

function columnOf(section: string, column: number): (string | undefined)[] {
  return section
    .trimEnd()
    .split('\n')
    .slice(2)
    .map((line) => line.split(/\s{2,}/)[column])
}
