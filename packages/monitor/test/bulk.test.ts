import { once } from 'node:events'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startWarren } from '../../cli/test/support/run.ts'
import { storePlaces } from '../../cli/test/support/stores.ts'
import type { BulkRow } from '../src/api/bulk.ts'
import { failMany } from '../../cli/test/support/many-failures.ts'
import { opened } from './support/opened.ts'

/** The page in a process of its own. */
async function startPage(store: string) {
  const child = startWarren(['monitor', '--store', store, '--port', '0', '--json'])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [said] = (await once(child.stdout, 'data')) as [string]
  const { url, bootstrapUrl } = JSON.parse(said) as { readonly url: string; readonly bootstrapUrl: string }
  const headers = {
    authorization: `Bearer ${bootstrapUrl.split('token=')[1] ?? ''}`,
    'content-type': 'application/json',
  }
  return {
    child,
    post: async (path: string, body: object): Promise<unknown> =>
      (await fetch(`${url}/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json(),
    bulk: async (): Promise<BulkRow | undefined> => {
      const answer = await fetch(`${url}/api/bulk-actions`, { headers })
      return ((await answer.json()) as { readonly rows: readonly BulkRow[] }).rows[0]
    },
  }
}

describe.each(['sqlite', 'postgres'] as const)('an action on many failures in %s', (kind) => {
  it('goes on after the page is killed in the middle of it, and does each failure once', async () => {
    const places = await storePlaces(kind)
    onTestFinished(() => places.drop())
    const store = await places.open('crm')
    const total = 12_000
    const ids = await failMany(store, total)
    const first = await startPage(places.urls.crm)
    expect(await first.post('failures/discard', { subscription: 'order.crm' })).toMatchObject({
      ...{ count: 0, left: total, bulk: [{ id: expect.stringMatching(/-/) as unknown }] },
    })
    await expect.poll(async () => (await first.bulk())?.done, { interval: 10, timeout: 30_000 }).toBeGreaterThan(0)
    first.child.kill('SIGKILL')
    await once(first.child, 'close')
    const [left] = await store.bulk.list({})
    expect(left).toMatchObject({ state: 'running', total })
    expect(left!.done).toBeLessThan(total)
    // What is committed of the action, of the failures and of the log is the same.
    const tables = kind === 'postgres' ? 'crm.' : 'warren_'
    const { rows: kept } = await store.query(`select 1 from ${tables}inbox_failure`)
    expect(kept).toHaveLength(total - left!.done)

    const [late] = await failMany(store, 1, 9_000_000)
    const second = await startPage(places.urls.crm)
    await expect
      .poll(() => second.bulk(), { timeout: 60_000 })
      .toMatchObject({ state: 'done', total, done: total, error: null })
    expect((await store.failures.list({})).map(({ messageId }) => messageId)).toEqual([late])
    const { rows } = await store.query<{ message_id: string }>(
      `select message_id from ${tables}action_log where action = 'discard' order by message_id`,
    )
    expect(rows.map(({ message_id }) => message_id)).toEqual(ids)
  })
})

describe('the page of failures', () => {
  it('shows how far an action on many is, while it goes on', async () => {
    const { page, crm } = await opened()
    await failMany(crm.store, 15_000)
    // It stands still behind its third chunk, until that was looked at.
    const held = Promise.withResolvers<undefined>()
    onTestFinished(() => held.resolve(undefined))
    const step = crm.store.bulk.step.bind(crm.store.bulk)
    let steps = 0
    vi.spyOn(crm.store.bulk, 'step').mockImplementation(async (...chunk) => {
      if (++steps > 3) await held.promise
      return step(...chunk)
    })
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Failures' }).click()
    const group = page.getByRole('row', { name: /it is full/ })
    await group.getByRole('button', { name: 'Retry' }).click()
    await page.getByRole('dialog').getByText('15,000 will be tried again now').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click()
    const bulk = page.getByRole('region', { name: 'Actions on many failures' }).getByRole('row').nth(1)
    await bulk.getByText('running').waitFor()
    await bulk.getByText(/\b\d{1,2}(,\d{3})? of 15,000/).waitFor()
    await bulk.getByRole('button', { name: 'Give up' }).waitFor()
    held.resolve(undefined)
    await bulk.getByText('done').waitFor({ timeout: 60_000 })
    await bulk.getByText('15,000 of 15,000').waitFor()
    expect(await crm.store.failures.groups({ fingerprint: 'ffffffffffff' })).toMatchObject([
      { retrying: 15_000, parked: 0 },
    ])
  })

  it('lets what has stopped go on, or be given up', async () => {
    const { page, crm } = await opened()
    await failMany(crm.store, 1_500)
    for (const action of ['retry', 'discard'] as const) {
      const { id } = await crm.store.bulk.begin({ action, filter: { fingerprint: 'none' }, requestedBy: 'ann' })
      await crm.store.bulk.fail(id, 'somebody pulled the plug')
    }
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Failures' }).click()
    const bulk = (action: string) => page.getByRole('row', { name: new RegExp(`^${action} (stopped|done|cancelled)`) })
    await bulk('Retry').getByText('somebody pulled the plug').waitFor()
    await bulk('Retry').getByRole('button', { name: 'Go on' }).click()
    await bulk('Retry').getByText('done').waitFor({ timeout: 30_000 })
    await bulk('Discard').getByRole('button', { name: 'Give up' }).click()
    await page.getByRole('dialog').getByText('the 0 failures that are left stay as they are').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Give up' }).click()
    await bulk('Discard').getByText('cancelled').waitFor()
    expect((await crm.store.bulk.list({})).map(({ state }) => state).toSorted()).toEqual(['cancelled', 'done'])
  })
})
