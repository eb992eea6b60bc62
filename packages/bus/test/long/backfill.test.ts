import { expect, it } from 'vitest'
import type { AnyEvent, Store } from '../../src/index.ts'
import { newId, uuidTime } from '../../src/envelope/uuid.ts'
import { startChild } from '../support/child.ts'
import { tapDirect } from '../support/direct-tap.ts'
import { quickly } from '../support/reconcile.ts'
import { eventually, freshDatabase, makeService } from '../support/service.ts'

/** 100,000 in `npm run test:torture`. */
const EVENTS = Number(process.env['WARREN_TEST_BACKFILL_EVENTS'] ?? 5_000)
const PER_SECOND = Number(process.env['WARREN_TEST_BACKFILL_RATE'] ?? 500)
const LIVE_PER_SECOND = 50
/** Live traffic alone, for so many events. */
const BASELINE = 500
/** What a batch has at most: as much as a process that dies may have sent without having moved the cursor. */
const MAX_BATCH = 500

const paid = 'order.payment.onPaid'
const HOUR_MS = 3_600_000
const PATIENCE_MS = 3_600_000

it(
  'handles each of many events once, though the service that sends them is killed three times',
  async () => {
    const database = await freshDatabase('postgres')
    const store = database.open()
    await store.start()
    const published = await fillLedger(store)

    const handled = new Map<string, number>()
    const live: { readonly atMs: number; readonly latencyMs: number }[] = []
    const { bus, endpoints } = await makeService({ service: 'loyalty', kind: 'postgres', reconcile: quickly })
    await bus.subscribe('order.loyalty', ['order.#'], (event: AnyEvent) => {
      handled.set(event.id, (handled.get(event.id) ?? 0) + 1)
      const atMs = uuidTime(event.id)?.getTime() ?? 0
      if ((event.data as { note?: string }).note === 'live') live.push({ atMs, latencyMs: Date.now() - atMs })
    })
    await bus.start()
    const copies = await tapDirect(endpoints, 'qu.order.loyalty')

    const options = { endpoints, database: database.url, subscribes: false, reconcile: quickly }
    const start = () => startChild({ ...options, livePerSecond: LIVE_PER_SECOND })
    let service = start()
    await service.printed('ready')
    await eventually(() => live.length >= BASELINE, PATIENCE_MS)
    const { backfill } = store.reconciliation
    const beganMs = Date.now()
    const { id } = await backfill.request({
      subscription: 'order.loyalty',
      patterns: ['order.payment.*'],
      range: { fromMs: 0, toMs: published.untilMs },
      rate: PER_SECOND,
      requestedBy: 'ann',
      counted: null,
    })
    let killedMs = 0
    for (const share of [0.25, 0.5, 0.75]) {
      // In the middle of a batch: what is sent, and not what the cursor says.
      await eventually(() => copies.resends() >= EVENTS * share, PATIENCE_MS)
      killedMs ||= Date.now()
      service.process.kill('SIGKILL')
      await service.exited
      service = start()
      await service.printed('ready')
    }
    const ended = await eventually(async () => {
      const now = await backfill.find(id)
      return now !== null && now.state !== 'running' && now
    }, PATIENCE_MS)
    expect(ended).toMatchObject({ state: 'done', sent: EVENTS, total: EVENTS, error: null })

    service.process.kill('SIGTERM')
    await service.exited
    // Sends what the last one had not.
    await startChild(options).printed('ready')
    const ledger = await store.reconciliation.ledger.known([...handled.keys()])
    expect(ledger.size).toBe(handled.size)
    await eventually(async () => {
      if ((await store.reconciliation.ledger.oldestUnsentMs()) !== null) return false
      const all = await store.reconciliation.ledger.sent({ fromMs: 0, toMs: Date.now() + HOUR_MS })
      return all.length > EVENTS && all.every((event) => handled.has(event.id))
    }, PATIENCE_MS)
    expect(published.ids.filter((each) => handled.get(each) !== 1)).toEqual([])
    expect([...handled.values()].filter((times) => times !== 1)).toEqual([])
    // From the cursor, and not from the start.
    expect(copies.resends()).toBeGreaterThanOrEqual(EVENTS)
    expect(copies.resends()).toBeLessThanOrEqual(EVENTS + 3 * MAX_BATCH)

    const alone = p99(live.filter(({ atMs }) => atMs < beganMs))
    const beside = p99(live.filter(({ atMs }) => atMs >= beganMs && atMs < killedMs - 1_000))
    process.stderr.write(
      `${EVENTS} events at ${PER_SECOND}/s, ${copies.resends()} sent: live p99 ${alone} ms alone, ${beside} ms beside a backfill\n`,
    )
  },
  PATIENCE_MS,
)

/** Events of an hour ago, sent as far as the store knows. */
async function fillLedger(store: Store): Promise<{ readonly ids: readonly string[]; readonly untilMs: number }> {
  const untilMs = Date.now() - HOUR_MS
  const ids: string[] = []
  while (ids.length < EVENTS) {
    const events = Array.from({ length: Math.min(1_000, EVENTS - ids.length) }, (_, index) => {
      const orderId = String(ids.length + index)
      const id = newId(untilMs - EVENTS + ids.length + index)
      const payload = JSON.stringify({ orderId, amount: 1 })
      return { id, name: paid, entityId: orderId, source: 'shop', payload, headers: {}, isOptional: false, bucket: 0 }
    })
    await store.transaction((tx) => store.outbox.append(tx, events))
    await store.outbox.confirm(events.map(({ id }) => id))
    ids.push(...events.map(({ id }) => id))
  }
  return { ids, untilMs }
}

function p99(events: readonly { readonly latencyMs: number }[]): number {
  const sorted = events.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN
}
