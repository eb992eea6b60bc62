import type { Catalog } from '@warren/bus'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shop } from '../../../../bus/test/support/shop.ts'
import { id } from '../../../../cli/test/support/fill.ts'
import { startMonitor } from '../../../src/index.ts'
import type { RunningMonitor } from '../../../src/index.ts'
import { asJson, chosen, inField, openGuarded, texts } from '../../support/injected.ts'
import { injections } from '../../support/injections.ts'
import { allOf, fieldsOf, injectedStore, shared, taker } from '../../support/injected-store.ts'
import type { InjectedStore } from '../../support/injected-store.ts'

/** With all texts on pages of their own. */
const TIMEOUT_MS = 1_800_000
const label = texts[1] ?? ''

/** Of events that catalog() would never take: whatever else the page is given as one. */
const events = texts.map((text, index) => ({
  ...{ name: fieldsOf(text).catalog, entity: inField(text, 'catalog entity'), identity: inField(text, 'identity') },
  ...{ description: inField(text, 'description'), scope: null, process: 'p', fact: 'onF' },
  ...{ isOptional: index % 2 === 0, isOrdered: false },
}))
const catalog: Catalog = {
  ...{ names: events.map(({ name }) => name), entities: events.map(({ entity }) => entity), events },
  find: (name) => events.find((event) => event.name === name),
  matching: () => events,
  encode: (name, data) => shop.encode(name, data),
  validate: (name, data) => shop.validate(name, data),
  entityId: (name, data) => shop.entityId(name, data),
  jsonSchema: (name) => ({ title: name, description: events.find((event) => event.name === name)?.description ?? '' }),
}

let injected: InjectedStore
let monitor: RunningMonitor
beforeAll(async () => {
  injected = await injectedStore()
  monitor = await startMonitor({
    ...{ stores: [{ label, store: injected.store }], catalog, port: 0, liveMs: 1_000 },
    traceUrl: 'https://jaeger.example/trace/{traceId}',
  })
})
afterAll(async () => {
  await monitor.stop()
  await injected.drop()
})

/** No more are told of at a time. */
const [BULKS_SHOWN, BACKFILLS_SHOWN] = [10, 20]
const inParts = (size: number): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(texts.length / size) }, (_, index) => texts.slice(index * size, (index + 1) * size))

const bulkOf = (text: string) => ({
  filter: {
    ...{ subscription: inField(text, 'bulk subscription'), name: inField(text, 'bulk name') },
    ...{ entityId: inField(text, 'bulk entity'), fingerprint: inField(text, 'bulk fingerprint') },
  },
  ...{ requestedBy: inField(text, 'bulk actor'), error: inField(text, 'bulk error') },
})

const backfillOf = (text: string) => ({
  ...{ pattern: inField(text, 'backfill pattern'), requestedBy: inField(text, 'backfill actor') },
  error: inField(text, 'backfill error'),
})

describe('whatever comes from outside is shown as text', () => {
  it('in lists', { timeout: TIMEOUT_MS }, async () => {
    expect(injections.length).toBeGreaterThanOrEqual(60)
    const { page, shows, isHarmless } = await openGuarded(monitor)
    await shows('', ...allOf('subscription', 'service', 'watch'), label)
    await shows('subscriptions', ...allOf('subscription', 'service', 'retired'), label)
    await shows('messages', ...allOf('event', 'entity', 'source', 'outboxError'))
    await shows('messages?side=received', ...allOf('event', 'subscription', 'source', 'type', 'message'))
    await shows('failures', ...allOf('type', 'message', 'subscription', 'ordered', 'blocker', 'event'))
    await shows(`failures?subscription=${taker}`, ...allOf('event', 'entity', 'type', 'message'))
    await shows(`messages/${shared}`, ...allOf('subscription', 'type', 'message'))
    const traces = page.locator('main a[target=_blank]')
    expect(await Promise.all((await traces.all()).map((link) => link.getAttribute('href')))).toEqual([
      'https://jaeger.example/trace/0af7651916cd43dd8448eb211c80319c',
    ])
    await shows('watches', ...allOf('watch', 'subscription'))
    await shows(
      'events',
      ...events.flatMap(({ name, entity, description }) => [name, entity, description]),
      ...allOf('subscription'),
    )
    const tester = page.getByRole('textbox')
    for (const text of chosen) {
      await tester.fill(text)
      await page.getByRole('status').filter({ hasText: text }).waitFor()
      await isHarmless(`events: ${text}`)
    }
    await shows(`subscriptions/${taker}?since=2025-01-01T00:00:00.000Z`, ...allOf('event', 'watch'))
  })

  it('in what people did, and in what goes on', { timeout: TIMEOUT_MS }, async () => {
    const { store } = injected
    const { page, shows, isHarmless } = await openGuarded(monitor)
    for (const some of inParts(BULKS_SHOWN)) {
      for (const { filter, requestedBy, error } of some.map(bulkOf)) {
        const bulk = await store.bulk.begin({ action: 'retry', filter, requestedBy })
        await store.bulk.fail(bulk.id, error)
      }
      const expected = some.map(bulkOf).flatMap(({ filter, ...rest }) => [filter, rest].flatMap(Object.values<string>))
      await shows('failures', ...expected)
    }
    const { backfill } = store.reconciliation
    const range = { fromMs: 0, toMs: 1 }
    for (const some of inParts(BACKFILLS_SHOWN)) {
      for (const { pattern, requestedBy, error } of some.map(backfillOf)) {
        const asked = { subscription: taker, patterns: [pattern], range, rate: null, requestedBy }
        const one = await backfill.request({ ...asked, counted: { names: [], total: 1 } })
        await backfill.end(one.id, 'failed', error)
      }
      await shows(`subscriptions/${taker}`, ...some.map(backfillOf).flatMap(Object.values<string>))
    }
    const who = ['actor', 'pauser', 'editor', 'retirer', 'watcher', 'setter', 'closer'] as const
    await shows('activity', ...allOf(...who, 'action', 'subscription', 'cluster', 'about', 'watch'))
    // Done at once: one row, which unfolds.
    const actor = inField(label, 'unfolded')
    expect(await store.failures.retry({ subscription: taker }, actor)).toBe(texts.length)
    await page.goto(`${monitor.url}/activity`)
    const row = page.getByRole('row').filter({ hasText: actor })
    await row.getByRole('link', { name: /messages$/ }).click()
    await page.getByRole('link', { name: id(1), exact: true }).waitFor()
    await isHarmless('an activity that is unfolded', actor, label)
    const [newest] = await store.actions.list({ limit: 1 })
    const all = `store=${encodeURIComponent(label)}&oldest=1&newest=${newest?.id ?? ''}`
    await shows(`activity?${all}`, ...allOf(...who, 'action', 'subscription', 'watch'))
  })

  it('on a page of its own, and in its address', { timeout: TIMEOUT_MS }, async () => {
    const { page, shows } = await openGuarded(monitor)
    for (const text of chosen) {
      const fields = fieldsOf(text)
      const [name, message] = [encodeURIComponent(fields.subscription), id(texts.indexOf(text) + 1)]
      const { subscription, service, queue, pattern, event, entity, source, type, stack } = fields
      const { pauser, breaker, setter, closer } = fields
      await shows(`subscriptions/${name}`, subscription, service, queue, pattern, pauser, breaker, setter, closer)
      await shows(`subscriptions/${encodeURIComponent(fields.retired)}`, fields.retirer)
      const payload = [fields.key, fields.value, fields.header, fields.edited].map(asJson)
      const failure = [type, fields.message, fields.code, stack, event, entity, fields.editor]
      await shows(`failures/${name}/${message}`, ...failure, ...payload)
      await shows(`failures/${name}/${message}?edit=true`, ...failure, ...payload)
      await shows(
        `messages/${message}`,
        ...[event, entity, source, fields.outboxError, fields.resendError, fields.watch, fields.editor, ...payload],
        // How its attempts have failed.
        ...[type, fields.message],
      )
      // Whoever published it has said what the trace was: it is none, and there is no link.
      expect(await page.locator('main a[target]').count()).toBe(0)
      const described = [inField(text, 'description'), inField(text, 'catalog entity'), inField(text, 'identity')]
      await shows(`events/${encodeURIComponent(fields.catalog)}`, fields.catalog, ...described, subscription)
      const watch = encodeURIComponent(fields.watch)
      await shows(`watches/${watch}`, fields.watch, entity, subscription, fields.watcher)
      await shows(`watches?edit=${watch}`, fields.watch)
      // What was looked for, and is not there.
      const asked = encodeURIComponent(text)
      await shows(`subscriptions/${asked}`, `no store knows a subscription "${text}"`)
      await shows(`watches/${asked}`, `there is no watch "${text}"`)
      await shows(`failures/${asked}/${message}`, `${text} has no failure of the message`)
      await shows(`messages?name=${asked}&entityId=${asked}&state=${asked}`)
      await shows(`failures?subscription=${asked}&fingerprint=${asked}`)
      await shows(`activity?actor=${asked}&action=${asked}`)
      await shows(`subscriptions/${taker}?since=2025-01-01&patterns=${asked}&rate=${asked}`)
      await shows(`no/${asked}?${asked}=${asked}`)
    }
  })
})
