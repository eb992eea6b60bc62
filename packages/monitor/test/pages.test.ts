import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { newId } from '../../bus/src/envelope/uuid.ts'
import { failure } from '../../bus/test/store/fixtures.ts'
import { ids } from '../../cli/test/support/fill.ts'
import { opened } from './support/opened.ts'

const to = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click()

describe('the pages', () => {
  it('lead from a failure’s cause to the message, and let it be retried and discarded', async () => {
    const { page, crm } = await opened()
    await to(page, 'Failures')
    await page.getByRole('link', { name: /no customer/ }).click()
    await page.getByRole('link', { name: 'order.payment.onPaid' }).first().click()
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('Done for 1.').waitFor()
    expect(await crm.store.failures.list({ subscription: 'order.crm', state: 'parked' })).toHaveLength(1)

    await page.getByRole('button', { name: 'Discard' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('1 will never be handled.').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect(await crm.store.failures.list({ subscription: 'order.crm' })).toHaveLength(3)
    await page.getByRole('button', { name: 'Discard' }).click()
    await dialog.getByRole('button', { name: 'Discard' }).click()
    await page.getByText('Done for 1.').nth(1).waitFor()
    expect(await crm.store.failures.list({ subscription: 'order.crm' })).toHaveLength(2)
  })

  it('show when the events of a cause were published', async () => {
    const { page, crm } = await opened()
    const now = Date.now().toString(16).padStart(12, '0')
    const recent = Array.from({ length: 3 }, (_, index) => ({
      ...{ subscription: 'order.crm', messageId: `${now.slice(0, 8)}-${now.slice(8)}-7000-8000-00000000000${index}` },
      ...{ name: 'order.payment.onPaid', entityId: 'o-1', source: 'orders', payload: '{}', headers: {} },
      ...{ encoding: 'utf8' as const, state: 'parked' as const, attempts: 1, delayMs: 0 },
      error: { code: 'E', type: 'E', message: 'it is full', stack: '', fingerprint: 'ffffffffffff' },
    }))
    await crm.store.transaction((tx) => crm.store.inbox.fail(tx, recent))
    await to(page, 'Failures')
    const label = '3 of events that were published in the last 24 hours, 3 of them in the last one'
    const trend = page.getByRole('row', { name: /it is full/ }).getByRole('img', { name: label })
    await trend.waitFor()
    expect([await trend.locator('.some').count(), await trend.locator('.none').count()]).toEqual([1, 23])
    await page
      .getByRole('row', { name: /no address/ })
      .getByText('none in 24 h')
      .waitFor()
  })

  it('tell of an event what its payload looks like, and who wants it by which pattern', async () => {
    const { page, url } = await opened()
    await to(page, 'Events')
    await page.getByRole('link', { name: 'order.viporder.payment.onPaid' }).click()
    await page.waitForURL(`${url}/events/order.viporder.payment.onPaid`)
    await page.getByRole('row', { name: 'order.crm order.#' }).waitFor()
    await page.getByRole('region', { name: 'Payload' }).getByText('"orderId"').first().waitFor()
    await page.goto(`${url}/events/order.payment.onLost`)
    await page.getByText('the catalog has no event "order.payment.onLost"').waitFor()
  })

  it('find a message by what is known of it, and have a link for what they show', async () => {
    const { page, url } = await opened()
    await to(page, 'Messages')
    await page.getByRole('combobox', { name: 'State' }).selectOption('unroutable')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.waitForURL(`${url}/messages?state=unroutable`)
    // The rows of before stay until those that were asked for are here.
    await expect.poll(() => page.getByRole('row').count(), { timeout: 30_000 }).toBe(2)
    await page.getByRole('link', { name: ids.unroutable }).click()
    await page.getByRole('heading', { name: ids.unroutable }).waitFor()
    await page.getByRole('region', { name: 'Payload' }).getByText('"o-1"').waitFor()
    await page.goto(`${url}/messages`)
    await page.getByRole('textbox', { name: 'Id' }).fill(ids.sent)
    await page.getByRole('button', { name: 'Search' }).click()
    // A number that is longer than what a browser counts with.
    await page.getByText('12345678901234567890').waitFor()
    await page.getByRole('row', { name: /^order\.mail parked/ }).waitFor()
  })

  it('tell the way of a message step by step, each with its exact time on hover', async () => {
    const { page, url, crm } = await opened()
    await crm.store.failures.retry({ subscription: 'order.mail' }, 'ann')
    await page.goto(`${url}/messages/${ids.sent}`)
    const steps = page.getByRole('list', { name: 'Time line' }).getByRole('listitem')
    await steps.filter({ hasText: 'confirmed by the broker' }).waitFor()
    const mail = await steps.filter({ hasText: 'order.mail' }).allInnerTexts()
    expect(mail.map((text) => text.split('\n').slice(1).join(' '))).toEqual([
      'received order.mail',
      'failed, parked order.mail attempt 5 HANDLER_FAILED · TypeError: no address',
      'retry asked for order.mail by ann',
    ])
    const [attempt] = await crm.store.failures.attempts(ids.sent)
    const time = steps.filter({ hasText: 'no address' }).getByRole('time')
    expect(await time.getAttribute('title')).toContain(attempt!.endedAt!.toISOString())
  })

  it('lead from a message to its trace, in a tab that learns nothing of the page', async () => {
    const { page, url } = await opened('light', { traceUrl: 'http://127.0.0.1:1/trace/{traceId}?view=1' })
    await page.goto(`${url}/messages/${ids.sent}`)
    const link = page.getByRole('link', { name: '0af7651916cd43dd8448eb211c80319c' })
    expect(await link.getAttribute('href')).toBe('http://127.0.0.1:1/trace/0af7651916cd43dd8448eb211c80319c?view=1')
    expect([await link.getAttribute('target'), await link.getAttribute('rel')]).toEqual([
      '_blank',
      'noopener noreferrer',
    ])
  })

  it('show why a subscription misses an event, and send it again', async () => {
    const { page, orders } = await opened()
    await to(page, 'Subscriptions')
    await page.getByRole('link', { name: 'order.crm' }).click()
    await page
      .getByRole('row', { name: /removed/ })
      .getByRole('button', { name: 'Resend' })
      .click()
    await page.getByText('Done for 1.').waitFor()
    const [row] = await orders.store.reconciliation.missing.list({ subscription: 'order.crm' })
    expect(row?.requestedMs).not.toBeNull()
  })

  it('show what was done at once as one row, under an address of its own when it is opened', async () => {
    const { page, url, crm } = await opened()
    expect(await crm.store.failures.retry({ subscription: 'order.crm' }, 'ann')).toBe(3)
    await page.goto(`${url}/activity`)
    await page.getByRole('textbox', { name: 'Who' }).fill('ann')
    await page.getByRole('textbox', { name: 'What' }).fill('retry')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.waitForURL(`${url}/activity?actor=ann&action=retry`)
    await page.getByRole('link', { name: '3 messages' }).click()
    await expect.poll(() => page.getByRole('row').count(), { timeout: 30_000 }).toBe(4)
    expect(new URL(page.url()).searchParams.get('store')).toBe('crm')
    await page.reload()
    await page.getByRole('link', { name: ids.delivered }).waitFor()
    await page.getByRole('link', { name: 'All activity' }).click()
    await page.getByRole('link', { name: '3 messages' }).waitFor()
  })

  it('pause a subscription after asking, show who did it, and let it go on', async () => {
    const { page, url, crm } = await opened()
    await page.goto(`${url}/subscriptions/order.crm`)
    await page.getByRole('button', { name: 'Pause' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('order.crm will handle nothing until somebody resumes it').waitFor()
    await dialog.getByRole('button', { name: 'Pause' }).click()
    await page.getByText(/^Paused since .* Its events wait in its queue/).waitFor()
    expect(await crm.store.subscriptions.pauseOf('order.crm')).not.toBeNull()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('button', { name: 'Pause' }).waitFor()
    expect(await crm.store.subscriptions.pauseOf('order.crm')).toBeNull()
  })

  it('set what missing events are resent with, after saying what will be, and tell the breaker what to do', async () => {
    const { page, url, orders } = await opened()
    const { compensation, proof } = orders.store.reconciliation
    await compensation.declare(
      {
        ...{ mode: 'auto', share: 0.07, minPerSecond: 20 },
        ...{ maxMissingShare: 0.2, minMissing: 100, maxUnansweredMs: 120_000 },
      },
      'orders',
    )
    await page.goto(`${url}/subscriptions/order.crm`)
    const row = page.locator('.compensation')
    await row.getByText('7% of live events, at least 20/s').waitFor()
    await row.getByText('open: no barrier was answered for more than 120 s').waitFor()
    await page.getByText('Change it for order.crm').click()
    const form = page.getByRole('form', { name: 'Compensation of order.crm' })
    await form.getByRole('combobox', { name: 'Mode' }).selectOption('report')
    await form.getByRole('spinbutton', { name: 'Budget, of live events' }).fill('14')
    await form.getByRole('spinbutton', { name: 'Breaker, unanswered for' }).fill('600')
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog
      .getByText(
        'Mode: auto → report; Budget, of live events: 7 % → 14 %; Breaker, unanswered for: 120 seconds → 600 seconds.',
      )
      .waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    expect((await compensation.list()).ones.size).toBe(0)
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    // Somebody else, meanwhile.
    await compensation.set('order.crm', { minPerSecond: 30 }, 'bob')
    await dialog.getByRole('button', { name: 'Set', exact: true }).click()
    await page.getByText('Written down; the service takes it up within a second.').waitFor()
    const { ones } = await compensation.list()
    expect(ones.get('order.crm')?.set).toEqual({
      ...{ mode: 'report', share: 0.14, minPerSecond: 30, maxUnansweredMs: 600_000 },
    })
    await row.getByText('report', { exact: true }).waitFor()
    await row.getByText('30/s (its own)').waitFor()

    await page.getByRole('button', { name: 'Hold the breaker' }).click()
    await dialog.getByText('Nothing is resent to order.crm, which misses 1,').waitFor()
    await dialog.getByRole('button', { name: 'Hold the breaker' }).click()
    await row.getByText(/^open: held by token:/).waitFor()
    expect((await proof.list('order.crm'))[0]?.order).toMatchObject({ order: 'hold' })
    await page.getByRole('button', { name: 'Release the breaker' }).click()
    await dialog.getByRole('button', { name: 'Release the breaker' }).click()
    await page.getByRole('button', { name: 'Hold the breaker' }).waitFor()
    await page.getByRole('button', { name: 'Reset' }).click()
    await dialog.getByRole('button', { name: 'Reset' }).click()
    await row.getByText('auto', { exact: true }).waitFor()
    expect((await compensation.list()).ones.size).toBe(0)
  })

  it('set it for all subscriptions of a publisher on the overview', async () => {
    const { page, orders } = await opened()
    const { compensation } = orders.store.reconciliation
    const table = page.getByRole('region', { name: 'Compensation' })
    await table.getByRole('row', { name: /^all of orders not known/ }).waitFor()
    // Its breaker is open; of the others there is nothing that is not so for all.
    await table.getByRole('link', { name: 'order.crm' }).waitFor()
    expect(await table.getByRole('row').count()).toBe(3)
    await page.getByText('Change it for all of orders').click()
    await page.getByRole('spinbutton', { name: 'Budget, at least' }).fill('0')
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Set', exact: true }).click()
    await page.getByText('what resends may take a second in any case is from 0.01 to 100000').waitFor()
    await page.getByRole('spinbutton', { name: 'Budget, at least' }).fill('2.5')
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Set', exact: true }).click()
    await page.getByText('Written down; the service takes it up within a second.').waitFor()
    expect((await compensation.list()).all).toMatchObject({ set: { minPerSecond: 2.5 } })
    await table.getByRole('row', { name: /^all of orders .* Budget, at least by token:/ }).waitFor()
  })

  it('count what a backfill would send, under an address of its own, then begin it, and give it up', async () => {
    const { page, url, orders } = await opened()
    await page.goto(`${url}/subscriptions/order.mail`)
    await page.getByLabel('Published since').fill('2025-01-01T00:00')
    await page.getByRole('textbox', { name: 'Patterns' }).fill('order.payment.*')
    await page.getByRole('button', { name: 'Count them' }).click()
    await page
      .getByTestId('offer')
      .getByText(/^2 events from/)
      .waitFor()
    expect(new URL(page.url()).searchParams.get('patterns')).toBe('order.payment.*')
    await page.reload()
    await page
      .getByTestId('offer')
      .getByText(/^2 events from/)
      .waitFor()
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByRole('dialog').getByText('2 events will be sent to order.mail.').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Begin' }).click()
    const row = page.getByRole('row', { name: /running/ })
    await row.getByText('0 of 2').waitFor()
    const backfills = () => orders.store.reconciliation.backfill.list({ subscription: 'order.mail' })
    expect(await backfills()).toMatchObject([{ state: 'running', total: 2, patterns: ['order.payment.*'] }])
    await row.getByRole('button', { name: 'Give up' }).click()
    await page.getByRole('dialog', { name: 'Give up' }).getByRole('button', { name: 'Give up' }).click()
    await page.getByRole('row', { name: /cancelled/ }).waitFor()
    expect(await backfills()).toMatchObject([{ state: 'cancelled' }])
  })

  it('let a payload be edited, show what is different, and keep what it was before', async () => {
    const { page, url, crm } = await opened()
    await page.goto(`${url}/failures/order.crm/${ids.delivered}`)
    await page.getByRole('link', { name: 'Edit and retry' }).click()
    await page.waitForURL(/edit=true/)
    const text = page.getByRole('textbox', { name: 'Payload' })
    await text.fill('{"orderId": ')
    await page.getByRole('alert').getByText('This is not JSON').waitFor()
    expect(await page.getByRole('button', { name: 'Save and retry' }).isDisabled()).toBe(true)
    await text.fill('{"orderId": "o-4", "amount": 12345678901234567890}')
    const difference = page.getByRole('region', { name: 'What is different' })
    await difference.getByText('−   "orderId": "o-1"').waitFor()
    await difference.getByText('+   "amount": 12345678901234567890').waitFor()
    await page.getByRole('button', { name: 'Save and retry' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Save and retry' }).click()
    await page.getByText(/^The payload was changed for order.crm by /).waitFor()
    expect(await crm.store.failures.list({ subscription: 'order.crm', state: 'retrying' })).toMatchObject([
      { payload: '{"orderId":"o-4","amount":12345678901234567890}', attempts: 0, edits: 1 },
    ])
    await page.getByRole('link', { name: ids.delivered }).click()
    await page.getByRole('heading', { name: 'Edited' }).waitFor()
  })

  it('watch certain events: added, counted live, alarmed where one is parked, and removed after asking', async () => {
    const { page, url, orders, crm } = await opened()
    await page.getByRole('link', { name: 'Add or change watches' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Black Friday')
    await page.getByRole('textbox', { name: 'Patterns' }).fill('order.creation.*')
    await page.getByText('order.creation.* matches 1 events of the catalog.').waitFor()
    await page.getByLabel('From').fill('2026-01-01T00:00')
    await page.getByRole('spinbutton', { name: 'Minutes unhandled' }).fill('90')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The watch Black Friday is saved.').waitFor()
    // The browser is in another zone.
    const fromMs = await page.evaluate(() => new Date('2026-01-01T00:00').getTime())
    expect(await orders.store.watches.list()).toMatchObject([
      {
        ...{ name: 'Black Friday', patterns: ['order.creation.*'], fromMs },
        ...{ toMs: null, alarm: { maxMissing: 0, maxParked: 0, maxUnhandledMs: 5_400_000 }, compensation: null },
      },
    ])

    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Overview' }).click()
    const row = page.getByRole('row', { name: /^Black Friday/ })
    await page.getByRole('row', { name: /^Black Friday calm running 0 0 0 0/ }).waitFor()
    const id = newId()
    const created = { id, name: 'order.creation.onCreated', entityId: 'o-9', source: 'orders' }
    await orders.store.transaction((tx) =>
      orders.store.outbox.append(tx, [{ ...created, payload: '{}', headers: {}, isOptional: false, bucket: 1 }]),
    )
    await orders.store.outbox.confirm([id])
    await page.getByRole('row', { name: /^Black Friday calm running 1 1 0 0/ }).waitFor()
    await crm.store.transaction((tx) =>
      crm.store.inbox.fail(tx, [failure('order.crm', { ...created, messageId: id, state: 'parked' })]),
    )
    await page
      .getByRole('row', { name: /^Black Friday alarm running 1 0 1 0 1 parked at order\.crm/ })
      .waitFor({ timeout: 5_000 })
    await page.getByText('the alarm of the watch Black Friday is on: 1 parked at order.crm').waitFor()

    await row.getByRole('link', { name: 'Black Friday' }).click()
    await page.waitForURL(`${url}/watches/Black%20Friday`)
    await page.getByRole('row', { name: /^order\.crm 1 1 0 0 0 1 0 0/ }).waitFor()
    await page.getByRole('link', { name: 'Change' }).click()
    await page.getByRole('combobox', { name: 'Compensation' }).selectOption('off')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The watch Black Friday is saved.').waitFor()
    expect(await orders.store.watches.list()).toMatchObject([
      { compensation: 'off', alarm: { maxUnhandledMs: 5_400_000 } },
    ])
    await page.getByRole('link', { name: 'Black Friday' }).first().click()
    await page.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.waitForURL(`${url}/watches`)
    await page.getByText('Nothing is watched.').waitFor()
    expect(await orders.store.watches.list()).toEqual([])
  })
})
