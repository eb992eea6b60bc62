import { randomUUID } from 'node:crypto'
import { sqliteStore } from '@warren/bus/sqlite'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openPage } from '../../../../test/support/browser.ts'
import { id } from '../../../cli/test/support/fill.ts'
import { startMonitor } from '../../src/index.ts'
import { injections } from '../support/injections.ts'

/** PostgreSQL takes no NUL, and so nothing that comes from outside gets into a store with one. */
const texts = injections.filter((text) => !text.includes('\u0000'))

/** Lists show all texts at once; a page of its own has each of them with WARREN_TEST_INJECTIONS=all, which takes minutes, or every tenth. */
const isShort = process.env['WARREN_TEST_INJECTIONS'] !== 'all'

it('shows whatever comes from outside as text, in every field that shows it', async () => {
  expect(injections.length).toBeGreaterThanOrEqual(60)
  const folder = await mkdtemp(join(tmpdir(), 'warren-page-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const store = sqliteStore({ path: join(folder, 'store.db') })
  await store.start()
  onTestFinished(() => store.stop())
  // Each text in every field: of an event, of its failure, of a subscription, and of what somebody did.
  for (const [index, text] of texts.entries()) {
    const messageId = id(index + 1)
    await store.transaction((tx) =>
      store.outbox.append(tx, [
        {
          ...{ id: messageId, name: `order.${text}`, entityId: text, source: text, isOptional: false, bucket: 1 },
          payload: JSON.stringify({ [text]: text }),
          headers: { [text]: text },
        },
      ]),
    )
    await store.outbox.reschedule([{ id: messageId, state: 'unpublishable', delayMs: 0, error: text }])
    await store.subscriptions.announce({ name: text, service: text, patterns: [text], queue: text })
    const registration = { name: text, service: text, queue: text, hasInbox: true, timeoutMs: 1, queueCreatedMs: null }
    const begin = { closeMs: 0, fromMs: 1, patterns: [text] }
    await store.reconciliation.registry.register({ ...registration, patternsSinceMs: 0 }, begin, null)
    await store.reconciliation.proof.setBreaker(text, { cause: 'share', reason: text })
    await store.reconciliation.compensation.set(text, { mode: 'off' }, text)
    await store.reconciliation.compensation.order(text, 'hold', text)
    await store.transaction(async (tx) => {
      await store.inbox.receive(tx, text, [{ id: messageId, name: text, source: text }])
      await store.inbox.fail(tx, [
        {
          ...{
            subscription: text,
            messageId,
            name: text,
            entityId: text,
            source: text,
            encoding: 'utf8',
            state: 'parked',
          },
          ...{ attempts: 1, delayMs: 0, payload: JSON.stringify([text]), headers: { [text]: text } },
          error: { code: text, type: text, message: text, stack: text, fingerprint: randomUUID() },
        },
      ])
    })
    await store.actions.write({ actor: text, action: text, subscription: text, messageId, details: { text } })
  }
  const monitor = await startMonitor({ stores: [{ label: texts[0] ?? '', store }], port: 0 })
  onTestFinished(() => monitor.stop())
  const page = await openPage()
  page.on('dialog', (dialog) => void dialog.dismiss())
  await page.goto(monitor.bootstrapUrl ?? '')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()

  const isHarmless = async (path: string): Promise<void> => {
    await page.goto(`${monitor.url}/${path}`)
    await page.locator('main table, main pre').first().waitFor()
    // Whatever would run on load, on focus or when the pointer comes by.
    await page.mouse.move(400, 300)
    const injected: unknown = await page.evaluate('window.injected')
    expect([path, injected, new URL(page.url()).origin]).toEqual([path, undefined, monitor.url])
  }
  for (const path of ['', 'subscriptions', 'messages', 'messages?side=received', 'failures', 'activity'])
    await isHarmless(path)
  for (const [index, text] of texts.entries()) {
    if (isShort && index % 10 !== 0) continue
    const name = encodeURIComponent(text)
    await isHarmless(`subscriptions/${name}`)
    await isHarmless(`failures/${name}/${id(index + 1)}`)
    await isHarmless(`messages/${id(index + 1)}`)
    // It is there, and as text.
    await page.getByText(text, { exact: false }).first().waitFor({ state: 'attached' })
  }
}, 600_000)
