import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { NewFailure, Store } from '@warren/bus'
import { id, ids } from './support/fill.ts'
import { shopFolder, warren } from './support/run.ts'
import { filledStores } from './support/stores.ts'
import type { StorePlaces } from './support/stores.ts'

describe.each(['sqlite', 'postgres'] as const)('failures in %s', (kind) => {
  let places: StorePlaces
  let crm: Store
  const run = (...args: string[]) => warren(args, { cwd: shopFolder, env: places.env })
  const groups = async () =>
    (await crm.failures.groups({})).map(({ subscription, fingerprint, parked, retrying }) => ({
      subscription,
      fingerprint,
      parked,
      retrying,
    }))
  beforeAll(async () => {
    places = await filledStores(kind)
    crm = await places.open('crm')
  })
  afterAll(() => places.drop())

  test('list groups by cause, the most frequent first', async () => {
    const { stdout, code } = await run('failures', 'list')
    const [head, ...rows] = stdout.trimEnd().split('\n')
    expect(head).toMatch(/^SUBSCRIPTION +FINGERPRINT +PARKED +RETRYING +FIRST FAILED +LAST FAILED +LAST ERROR +STORE$/)
    expect(rows[0]).toMatch(/^order\.crm +aaaaaaaaaaaa +2 +0 .*TypeError: no customer o-\d +crm$/)
    expect(rows).toHaveLength(3)
    expect(code).toBe(0)
  })

  test('list shows single failures, by state and by subscription', async () => {
    const finished = await run(
      'failures',
      'list',
      '--all',
      '--subscription',
      'order.crm',
      '--state',
      'parked',
      '--json',
    )
    expect(finished.json()).toMatchObject({
      failures: [
        { messageId: ids.unpublishable, state: 'parked', payload: { orderId: 'o-1' } },
        { messageId: ids.unroutable, state: 'parked' },
      ],
      next: null,
    })
  })

  test('list tells how to go on behind a page, until nothing follows', async () => {
    const first = await run('failures', 'list', '--all', '--limit', '2', '--json')
    expect(first.json()).toMatchObject({
      failures: [{ messageId: ids.delivered }, { messageId: ids.unpublishable }],
      next: ids.unpublishable,
    })
    expect(first.stderr).toContain(`--before ${ids.unpublishable}`)
    const second = await run('failures', 'list', '--all', '--limit', '2', '--json', '--before', ids.unpublishable)
    expect(second.json()).toMatchObject({
      failures: [{ messageId: ids.unroutable }, { messageId: ids.sent }],
      next: null,
    })
    expect(second.stderr).toBe('')
    const groups = await run('failures', 'list', '--before', ids.unpublishable)
    expect(groups.stderr).toMatch(/^warren: USAGE_INVALID: /)
    expect(groups.code).toBe(64)
  })

  test('show has the error, its stack and the payload', async () => {
    const { stdout } = await run('failures', 'show', 'order.mail', ids.sent)
    expect(stdout).toMatch(/^error +HANDLER_FAILED: TypeError: no address$/m)
    expect(stdout).toContain('    at onPaid (crm.ts:1:1)')
    expect(stdout).toContain('{\n  "orderId": "o-1"\n}')
    const unknown = await run('failures', 'show', 'order.mail', ids.pending)
    expect(unknown.stderr).toMatch(/^warren: FAILURE_UNKNOWN: /)
    expect(unknown.code).toBe(66)
  })

  test('subscriptions list counts them', async () => {
    const { stdout } = await run('subscriptions', 'list')
    expect(stdout).toMatch(/^order\.crm +order\.# +qu\.order\.crm +crm +1 +1 +2 +0 /m)
    const finished = await run('subscriptions', 'list', '--json')
    expect(finished.json()).toMatchObject({
      subscriptions: [
        { name: 'order.crm', patterns: ['order.#'], handled: 1, retrying: 1, parked: 2 },
        { name: 'order.mail', handled: 0, retrying: 0, parked: 1 },
      ],
    })
  })

  test('a dry run says how many of what, and changes nothing', async () => {
    const before = await groups()
    for (const verb of ['retry', 'discard']) {
      const finished = await run('failures', verb, '--all', '--dry-run', '--yes')
      expect(finished.stdout).toMatch(new RegExp(`^would ${verb} 4 failures of 2 subscriptions\nSUBSCRIPTION `))
      expect(finished.code).toBe(0)
    }
    expect(await groups()).toEqual(before)
  })

  test('nothing is changed where nobody can be asked and --yes is not there', async () => {
    const before = await groups()
    const env = { ...places.env, FORCE_COLOR: '1' }
    const { code, stdout, stderr } = await warren(['failures', 'discard', '--group', 'aaaaaaaaaaaa'], {
      cwd: shopFolder,
      env,
    })
    // What it would be, with its headings in bold and not in escape codes made visible.
    expect(stderr.startsWith('\u001b[1mSUBSCRIPTION\u001b[22m ')).toBe(true)
    expect(stderr).toContain('CONFIRMATION_REQUIRED: Discard 2 failures of 1 subscription?')
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
    expect(await groups()).toEqual(before)
  })

  // From here on what is there changes.
  test('edit checks a payload, and retries the message with it', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'warren-cli-')), 'payload.json')
    onTestFinished(() => rm(dirname(file), { recursive: true }))
    const edit = (...args: string[]) => run('failures', 'edit', ids.delivered, '--payload', file, '--yes', ...args)
    await writeFile(file, '{"orderId": 7}')
    const refused = await edit()
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^warren: EVENT_INVALID: .*orderId/)])
    await writeFile(file, '{"orderId": "o-1", "amount": 12}\n')
    expect((await edit('--dry-run')).stdout).toBe('would edit and retry order.payment.onPaid of order.crm\n')
    const done = await edit('--json')
    expect(done.json()).toMatchObject({ subscription: 'order.crm', isEdited: true, isChecked: true })
    const [failure] = await crm.failures.list({ messageId: ids.delivered })
    expect(failure).toMatchObject({ payload: '{"orderId": "o-1", "amount": 12}', attempts: 0, edits: 1 })
    const [logged] = await crm.actions.list({ messageId: ids.delivered })
    expect(logged).toMatchObject({
      action: 'edit',
      actor: userInfo().username,
      details: { original: '{"orderId":"o-1"}' },
    })
  })

  test('retry takes one group, and nothing beside it', async () => {
    const finished = await run('failures', 'retry', '--group', 'aaaaaaaaaaaa', '--yes', '--json')
    expect(finished.json()).toMatchObject({ action: 'retry', matching: 2, changed: 2 })
    expect(await groups()).toEqual([
      { subscription: 'order.crm', fingerprint: 'aaaaaaaaaaaa', parked: 0, retrying: 2 },
      { subscription: 'order.crm', fingerprint: 'bbbbbbbbbbbb', parked: 0, retrying: 1 },
      { subscription: 'order.mail', fingerprint: 'cccccccccccc', parked: 1, retrying: 0 },
    ])
    expect(await crm.inbox.nextRetryInMs('order.crm')).toBe(0)
  })

  test('discard takes ids, and the action log says who it was', async () => {
    const { stdout } = await run('failures', 'discard', ids.sent, '--yes')
    expect(stdout).toBe('1 failure discarded\n')
    expect((await crm.messages.trace(ids.sent)).received).toMatchObject([
      { subscription: 'order.crm', status: 'handled' },
      { subscription: 'order.mail', status: 'discarded' },
    ])
    const table = kind === 'sqlite' ? 'warren_action_log' : 'crm.action_log'
    const { rows } = await crm.transaction((tx) =>
      tx.query(`select actor, action, subscription from ${table} where action = $1`, ['discard']),
    )
    expect(rows).toEqual([{ actor: userInfo().username, action: 'discard', subscription: 'order.mail' }])
  })

  test('ids that did not fail are told', async () => {
    const { code, stderr } = await run('failures', 'discard', ids.sent, '--yes')
    expect(stderr).toMatch(/^warren: FAILURE_UNKNOWN: /)
    expect(code).toBe(66)
  })

  test('blocked lists an ordered entity with what blocks it, and release lets those behind it go on', async () => {
    const place = (sequence: number) => ({ orderKey: 'order/o-9', sequence, needs: sequence - 1 })
    const kept = (number: number, changes: Partial<NewFailure>): NewFailure => ({
      ...{ subscription: 'order.ledger', messageId: id(90 + number), name: 'order.payment.onPaid', entityId: 'o-9' },
      ...{ source: 'orders', payload: '{}', encoding: 'utf8', headers: {}, state: 'retrying', attempts: 0 },
      ...{ delayMs: 600_000, order: place(number) },
      error: { code: 'ORDER_BLOCKED', type: 'WarrenError', message: 'waits', stack: '', fingerprint: 'waits-turn' },
      ...changes,
    })
    const error = {
      code: 'HANDLER_FAILED',
      type: 'TypeError',
      message: 'no ledger',
      stack: '',
      fingerprint: 'eeeeeeeeeeee',
    }
    await crm.transaction((tx) =>
      crm.inbox.fail(tx, [kept(1, { state: 'parked', attempts: 8, error }), kept(2, {}), kept(3, {})]),
    )
    const blocked = await run('failures', 'blocked')
    expect(blocked.stdout).toMatch(
      new RegExp(`^order\\.ledger +order o-9 +${id(91)} \\(parked\\) .* 2 +${id(92)} +no ledger +crm$`, 'm'),
    )
    expect((await run('failures', 'blocked', '--entity', 'o-8')).stdout).toBe('nothing waits\n')

    const released = await run('failures', 'release', id(91), '--yes', '--json')
    expect(released.json()).toMatchObject({ action: 'release', changed: 1 })
    const after = await run('failures', 'blocked', '--subscription', 'order.ledger', '--json')
    expect(after.json()).toMatchObject({ blocked: [{ entityId: 'o-9', waiting: 2, blocker: { kind: 'released' } }] })
    expect(await crm.inbox.nextRetryInMs('order.ledger')).toBe(0)
  })
})
