import { describe, expect, it } from 'vitest'
import type { Proof, RegisteredSubscription } from '../store/contract/reconciliation.ts'
import { BEHIND_AFTER_MS, LAGGING_AFTER_MS, SILENT_AFTER_MS, statusOf } from './state.ts'

const nowMs = Date.parse('2026-07-01T12:00:00Z')

const crm: RegisteredSubscription = {
  name: 'order.crm',
  service: 'crm',
  queue: 'qu.order.crm',
  hasInbox: true,
  timeoutMs: 30_000,
  firstSeenMs: nowMs - 86_400_000,
  lastSeenMs: nowMs - 10_000,
  queueCreatedMs: null,
  patternsSinceMs: 0,
  retired: null,
  paused: null,
  periods: [{ fromMs: nowMs - 86_400_000, toMs: null, patterns: ['order.#'] }],
}

const none = { suspect: 0, missing: 0, recovered: 0, 'gave-up': 0, waived: 0 }

const settled: Proof = {
  subscription: 'order.crm',
  throughMs: nowMs - 5_000,
  barrier: { id: 'b', sentMs: nowMs - 3_000 },
  waitingSinceMs: null,
  answered: { id: 'b', atMs: nowMs - 2_990 },
  rewindId: null,
  roundTripMs: 10,
  retrying: 0,
  parked: 0,
  isRequested: false,
  breaker: null,
  order: null,
  counts: none,
  ghosts: 0,
  openMinutes: 0,
}

describe('statusOf', () => {
  it('calls proven what is answered and recent, whatever was recovered or is suspected', () => {
    const proof = { ...settled, counts: { ...none, recovered: 3, suspect: 1 } }
    expect(statusOf(crm, proof, nowMs)).toEqual({ state: 'proven', sinceMs: null, missing: 0, problems: [] })
  })

  it('counts what was given up on as missing', () => {
    const proof = { ...settled, counts: { ...none, missing: 2, 'gave-up': 1 } }
    expect(statusOf(crm, proof, nowMs)).toEqual({
      state: 'missing',
      sinceMs: null,
      missing: 3,
      problems: ['missing'],
    })
  })

  it('calls lagging what waits for an answer for longer than an empty queue takes, and that is no problem', () => {
    const waiting = (sinceMs: number) => ({ ...settled, waitingSinceMs: sinceMs })
    expect(statusOf(crm, waiting(nowMs - LAGGING_AFTER_MS), nowMs).state).toBe('proven')
    expect(statusOf(crm, waiting(nowMs - LAGGING_AFTER_MS - 1), nowMs)).toEqual({
      state: 'lagging',
      sinceMs: nowMs - LAGGING_AFTER_MS - 1,
      missing: 0,
      problems: [],
    })
  })

  it('calls lagging what nobody asks any more, from where the proof ends', () => {
    const throughMs = nowMs - BEHIND_AFTER_MS - 1
    expect(statusOf(crm, { ...settled, throughMs }, nowMs)).toMatchObject({ state: 'lagging', sinceMs: throughMs })
    expect(statusOf(crm, { ...settled, throughMs: throughMs + 1 }, nowMs).state).toBe('proven')
  })

  it('calls silent what was not heard for three announcements, before it is lagging', () => {
    const lastSeenMs = nowMs - SILENT_AFTER_MS - 1
    const proof = { ...settled, waitingSinceMs: nowMs - 3_600_000 }
    expect(statusOf({ ...crm, lastSeenMs }, proof, nowMs)).toEqual({
      state: 'silent',
      sinceMs: lastSeenMs,
      missing: 0,
      problems: ['silent'],
    })
    expect(statusOf({ ...crm, lastSeenMs: lastSeenMs + 1 }, settled, nowMs).state).toBe('proven')
  })

  it('calls paused what a person has stopped, however long its barriers wait, and tells what is wrong beside', () => {
    const paused = { atMs: nowMs - 3_600_000, by: 'ann' }
    const waiting = { ...settled, waitingSinceMs: paused.atMs, throughMs: paused.atMs }
    const expected = { state: 'paused', sinceMs: paused.atMs, missing: 0, problems: [] }
    expect(statusOf({ ...crm, paused }, waiting, nowMs)).toEqual(expected)
    const missed = { ...waiting, counts: { ...none, missing: 2 } }
    expect(statusOf({ ...crm, paused }, missed, nowMs)).toEqual({ ...expected, missing: 2, problems: ['missing'] })
    // No process of it runs.
    expect(statusOf({ ...crm, paused, lastSeenMs: 0 }, waiting, nowMs)).toEqual({ ...expected, problems: ['silent'] })
  })

  it('says nothing of one without an inbox but that it is silent', () => {
    const without = { ...crm, hasInbox: false }
    expect(statusOf(without, settled, nowMs)).toMatchObject({ state: 'unproven', problems: [] })
    expect(statusOf({ ...without, lastSeenMs: 0 }, settled, nowMs)).toMatchObject({
      state: 'unproven',
      problems: ['silent'],
    })
  })

  it('expects nothing of one that is retired', () => {
    const retired = { atMs: nowMs - 1_000, by: 'ada' }
    const proof = { ...settled, throughMs: 0, ghosts: 1, counts: { ...none, waived: 4 } }
    expect(statusOf({ ...crm, retired, lastSeenMs: 0 }, proof, nowMs)).toEqual({
      state: 'retired',
      sinceMs: nowMs - 1_000,
      missing: 0,
      problems: [],
    })
  })

  it('names every problem beside the state', () => {
    const breaker = {
      openedMs: nowMs,
      cause: 'unanswered' as const,
      reason: 'no barrier was answered for more than 120 s',
    }
    const proof = { ...settled, ghosts: 2, breaker, counts: { ...none, missing: 1 } }
    expect(statusOf({ ...crm, lastSeenMs: 0 }, proof, nowMs)).toMatchObject({
      state: 'missing',
      problems: ['missing', 'ghosts', 'silent', 'breaker-open'],
    })
  })
})
