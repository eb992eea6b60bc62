import { statusOf } from '@warren/bus'
import type { Publisher, SeenCompensation, WatchedSubscription } from '@warren/bus/operate'
import type { Proof, RegisteredSubscription, Store } from '@warren/bus'
import { describe, expect, test } from 'vitest'
import { inWords, summaryOf } from './words.ts'

const nowMs = Date.parse('2026-07-01T12:00:00Z')
const none = { suspect: 0, missing: 0, recovered: 0, 'gave-up': 0, waived: 0 }

function watched(
  name: string,
  changes: Partial<Proof> = {},
  more: Partial<RegisteredSubscription> = {},
): WatchedSubscription {
  const subscription: RegisteredSubscription = {
    name,
    service: 'crm',
    queue: `qu.${name}`,
    hasInbox: true,
    timeoutMs: 30_000,
    firstSeenMs: 0,
    lastSeenMs: nowMs,
    queueCreatedMs: null,
    patternsSinceMs: null,
    retired: null,
    paused: null,
    periods: [],
    ...more,
  }
  const proof: Proof = {
    subscription: name,
    throughMs: nowMs - 5_000,
    barrier: null,
    waitingSinceMs: null,
    rewindId: null,
    answered: null,
    roundTripMs: null,
    retrying: 0,
    parked: 0,
    isRequested: false,
    breaker: null,
    order: null,
    counts: none,
    ghosts: 0,
    openMinutes: 0,
    ...changes,
  }
  return { subscription, proof, compared: 602, compensation, status: statusOf(subscription, proof, nowMs) }
}

const compensation: SeenCompensation = {
  ...{ inEffect: null, override: null, perSecond: null, resent: { lastMinute: 0, lastHour: 0 } },
}

function publisher(subscriptions: readonly WatchedSubscription[], changes: Partial<Publisher> = {}): Publisher {
  const store = {} as Store
  return {
    ...{
      label: 'orders',
      store,
      service: 'orders',
      nowMs,
      isReconciling: true,
      unsent: 0,
      compensation,
      subscriptions,
    },
    ...changes,
  }
}

describe('inWords', () => {
  test.each([
    [watched('a'), 'proven'],
    [watched('a', { waitingSinceMs: nowMs - 200_000 }), 'lagging: a barrier waits for 3 min 20 s'],
    [watched('a', { throughMs: nowMs - 3_600_000 }), 'behind: the proof stands still'],
    [watched('a', {}, { lastSeenMs: nowMs - 3_600_000 }), 'silent since 2026-07-01 11:00:00Z'],
    [
      watched('a', { counts: { ...none, missing: 2, suspect: 1, waived: 3 }, ghosts: 1, openMinutes: 2 }),
      'missing 2; 1 ghost; 1 suspected; 3 waived; 2 open minutes',
    ],
    [watched('a', {}, { hasInbox: false }), 'keeps no inbox: nothing can be proved of it'],
    [
      watched('a', { ghosts: 1 }, { retired: { atMs: nowMs, by: 'ann' }, lastSeenMs: 0 }),
      'retired 2026-07-01 12:00:00Z by ann',
    ],
    [
      watched('a', { counts: { ...none, missing: 2 } }, { paused: { atMs: nowMs, by: 'ann' }, lastSeenMs: 0 }),
      'paused 2026-07-01 12:00:00Z by ann; missing 2; silent since 1970-01-01 00:00:00Z',
    ],
  ])('case %#: %o', (subscription, words) => {
    expect(inWords(subscription, nowMs)).toBe(words)
  })
})

describe('summaryOf', () => {
  const summary = (...publishers: Publisher[]) => summaryOf(publishers, '7d')

  test('is one sentence on all that is proven, up to where the slowest is', () => {
    const retired = watched('c', {}, { retired: { atMs: nowMs, by: 'ann' } })
    const slow = watched('b', { throughMs: nowMs - 20_000 })
    expect(summary(publisher([watched('a'), slow, retired, watched('d', {}, { hasInbox: false })]))).toEqual({
      isWell: true,
      text: 'All 1,204 deliveries of the last 7d are proven at 2 of 2 subscriptions, up to 2026-07-01 11:59:40Z.',
    })
  })

  test('names who lags, which is no trouble, and what is not sent yet', () => {
    const lagging = watched('b', { waitingSinceMs: nowMs - 60_000, throughMs: nowMs - 60_000 })
    expect(summary(publisher([watched('a'), lagging], { unsent: 2 }))).toEqual({
      isWell: true,
      text: 'All 1,204 deliveries of the last 7d are proven at 1 of 2 subscriptions, b lags, up to 2026-07-01 11:59:00Z; 2 events wait to be sent.',
    })
  })

  test('names who is paused, which is no trouble either', () => {
    const paused = watched('b', { throughMs: nowMs - 60_000 }, { paused: { atMs: nowMs, by: 'ann' } })
    expect(summary(publisher([watched('a'), paused]))).toEqual({
      isWell: true,
      text: 'All 1,204 deliveries of the last 7d are proven at 1 of 2 subscriptions, b is paused, up to 2026-07-01 11:59:00Z.',
    })
  })

  test('says what is not well, of all publishers, and nothing else', () => {
    const breaker = { openedMs: nowMs, cause: 'unanswered' as const, reason: 'too many' }
    const troubled = watched('a', { counts: { ...none, missing: 1_500, 'gave-up': 1 }, breaker })
    const silent = watched('b', {}, { lastSeenMs: 0 })
    const stopped = publisher([watched('c', { ghosts: 2 })], {
      label: 'prices',
      service: 'pricing',
      isReconciling: false,
    })
    expect(summary(publisher([troubled, silent]), stopped)).toEqual({
      isWell: false,
      text: 'Nobody reconciles prices: no process of the service "pricing" does, so nobody listens or asks; 1,501 events are missing at a; 2 ghosts at c; nothing is heard of b; the breaker of a is open: nothing is resent there.',
    })
  })

  test('does not call proven what nobody expects', () => {
    expect(summary(publisher([])).text).toBe('No subscription has announced itself: nothing is expected anywhere.')
    expect(summary(publisher([watched('a', {}, { hasInbox: false })])).text).toBe('Nothing can be proved.')
  })
})
