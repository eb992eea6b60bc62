import { describe, expect, it } from 'vitest'
import { newId } from '../envelope/uuid.ts'
import type { Observation } from '../store/contract/reconciliation.ts'
import { decideCause } from './cause.ts'
import type { CauseFacts } from './cause.ts'
import { bindingText } from './watch.ts'
import type { WatchedBinding } from './watch.ts'

// Minutes are far apart, so that ids of one process grow with them.
const MINUTE = 60_000
const START = Date.UTC(2030, 0, 1)
const at = (minute: number): number => START + minute * MINUTE

const binding = (key: string): WatchedBinding => ({
  ...{ source: 'ex.order.topic', destination: 'qu.crm', destinationType: 'queue', key },
})
const one = binding('order.#')
const other = binding('order.payment.*')
const spanning: readonly WatchedBinding[] = [
  { source: 'ex.order.topic', destination: 'ex.events.topic', destinationType: 'exchange', key: '#' },
  { ...binding('#.onPaid'), source: 'ex.events.topic' },
]

function observation(changes: Partial<Observation> & Pick<Observation, 'kind'>): Observation {
  return {
    ...{ subscription: 'crm', what: '', wellBeforeMs: null, firstSeenMs: 0, lastSeenMs: 0, wellAgainMs: null },
    ...changes,
  }
}

const absent = (it: WatchedBinding, from: number, to: number): Observation =>
  observation({
    ...{ kind: 'binding-absent', what: bindingText(it), wellBeforeMs: at(from - 1) },
    ...{ firstSeenMs: at(from), lastSeenMs: at(to), wellAgainMs: at(to + 1) },
  })
const watched = observation({ kind: 'watched', firstSeenMs: at(0), lastSeenMs: at(60), wellAgainMs: at(60) })
const recreated = (minute: number): Observation =>
  observation({ kind: 'queue-recreated', firstSeenMs: at(minute), lastSeenMs: at(minute), wellAgainMs: at(minute) })

function decide(minute: number, changes: Partial<CauseFacts> = {}): ReturnType<typeof decideCause> {
  return decideCause({
    id: newId(at(minute)),
    queue: 'qu.crm',
    suspectedMs: at(minute + 0.5),
    routes: [[one]],
    observations: [watched],
    isWatched: true,
    deadLetters: null,
    clockToleranceMs: 0,
    hasCome: () => false,
    confirmedByBarrierId: 'b',
    ...changes,
  })
}

describe('decideCause', () => {
  it('says removed when queue and bindings stood, and what it rests on', () => {
    expect(decide(10)).toEqual({
      cause: 'removed',
      evidence: {
        ...{ publishedAt: '2030-01-01T00:10:00.000Z', queue: 'qu.crm', saidBy: 'b' },
        ...{ bindingStood: true, queueStood: true },
        ...{ watchedFrom: '2030-01-01T00:00:00.000Z', watchedUntil: '2030-01-01T01:00:00.000Z' },
      },
    })
  })

  it.each([
    ['nobody looks', { isWatched: false, observations: [] }],
    ['nobody looked then', { observations: [{ ...watched, firstSeenMs: at(11) }] }],
    ['the look after it has not been made', { observations: [{ ...watched, lastSeenMs: at(9) }] }],
  ])('says unknown when %s', (_, changes) => {
    expect(decide(10, changes)).toMatchObject({ cause: 'unknown' })
  })

  describe('never routed', () => {
    const gone = absent(one, 10, 20)

    it('is certain between two looks that found its binding absent', () => {
      for (const minute of [10, 15, 20]) {
        expect(decide(minute, { observations: [watched, gone] })).toMatchObject({
          cause: 'never-routed',
          evidence: { isCertain: true, isBetweenLooks: false, absentBindings: [bindingText(one)] },
        })
      }
    })

    it('is only possible between a look that found it and one that did not, and says so', () => {
      for (const minute of [9.5, 20.5]) {
        expect(decide(minute, { observations: [watched, gone] })).toMatchObject({
          cause: 'never-routed',
          evidence: { isCertain: false, isBetweenLooks: true, lastSeenWell: '2030-01-01T00:09:00.000Z' },
        })
      }
    })

    it('is not the cause where an event of the same bindings shows that they stood', () => {
      const comeAt = (minute: number) => (fromMs: number, toMs: number) => at(minute) > fromMs && at(minute) < toMs
      const observations = [watched, gone]
      expect(decide(9.5, { observations, hasCome: comeAt(9.8) }).cause).toBe('removed')
      expect(decide(9.8, { observations, hasCome: comeAt(9.5) }).cause).toBe('never-routed')
      expect(decide(20.5, { observations, hasCome: comeAt(20.2) }).cause).toBe('removed')
      expect(decide(20.2, { observations, hasCome: comeAt(20.5) }).cause).toBe('never-routed')
      // Sent in another order than published, as near as that.
      expect(decide(9.5, { observations, hasCome: comeAt(9.5 + 0.5 / 60) }).cause).toBe('never-routed')
    })

    it('is not the cause before and after', () => {
      for (const minute of [8.9, 21.1]) expect(decide(minute, { observations: [watched, gone] }).cause).toBe('removed')
    })

    it('needs every way to be closed', () => {
      const routes = [[one], [other]]
      expect(decide(15, { routes, observations: [watched, gone] }).cause).toBe('removed')
      expect(decide(15, { routes, observations: [watched, gone, absent(other, 12, 16)] })).toMatchObject({
        cause: 'never-routed',
        evidence: { absentBindings: [bindingText(one), bindingText(other)] },
      })
      expect(decide(18, { routes, observations: [watched, gone, absent(other, 12, 16)] }).cause).toBe('removed')
      expect(decide(15, { routes: [], observations: [watched, gone] }).cause).toBe('removed')
    })

    it('is the cause when one of several bindings of its way was absent', () => {
      for (const part of spanning) {
        const observations = [watched, absent(part, 10, 20)]
        expect(decide(15, { routes: [spanning], observations }).cause).toBe('never-routed')
      }
    })

    it('goes on while the binding is absent', () => {
      const open = { ...gone, wellAgainMs: null }
      expect(decide(25, { observations: [watched, open] })).toMatchObject({
        cause: 'never-routed',
        evidence: { isCertain: false },
      })
    })
  })

  describe('queue re-created', () => {
    it('takes what was in the queue and was not suspect before', () => {
      const observations = [watched, recreated(20)]
      expect(decide(19, { observations, suspectedMs: at(21) })).toMatchObject({
        cause: 'queue-recreated',
        evidence: { queueMadeAnewAt: '2030-01-01T00:20:00.000Z' },
      })
      expect(decide(5, { observations, suspectedMs: at(21) }).cause).toBe('queue-recreated')
    })

    it('is not the cause of what was missing before it was gone, nor of what came later', () => {
      const observations = [watched, recreated(20)]
      expect(decide(5, { observations, suspectedMs: at(6) }).cause).toBe('removed')
      expect(decide(21, { observations, suspectedMs: at(22) }).cause).toBe('removed')
    })

    it('knows each time that it happened', () => {
      const observations = [watched, recreated(20), recreated(40)]
      expect(decide(19, { observations, suspectedMs: at(21) }).cause).toBe('queue-recreated')
      expect(decide(25, { observations, suspectedMs: at(26) }).cause).toBe('removed')
      expect(decide(39, { observations, suspectedMs: at(41) }).cause).toBe('queue-recreated')
    })

    it('is known without a watch, by a barrier that came back or by the subscriber', () => {
      const gone = observation({
        ...{ kind: 'queue-absent', wellBeforeMs: at(9), firstSeenMs: at(10), lastSeenMs: at(11), wellAgainMs: at(12) },
      })
      const facts = { isWatched: false, suspectedMs: at(13) }
      expect(decide(8, { ...facts, observations: [gone] }).cause).toBe('queue-recreated')
      expect(decide(11.5, { ...facts, observations: [gone] }).cause).toBe('queue-recreated')
      expect(decide(12.5, { ...facts, observations: [gone] }).cause).toBe('unknown')
      expect(decide(8, { ...facts, observations: [gone], suspectedMs: at(8.5) }).cause).toBe('unknown')
      expect(decide(8, { ...facts, observations: [recreated(12)] }).cause).toBe('queue-recreated')
    })

    it('does not take what was certainly never routed before it', () => {
      const observations = [watched, absent(one, 10, 20), recreated(30)]
      expect(decide(15, { observations, suspectedMs: at(31) }).cause).toBe('never-routed')
      expect(decide(20.5, { observations, suspectedMs: at(31) }).cause).toBe('queue-recreated')
    })
  })

  it('says node lost when the queue was without its majority and then without the event', () => {
    const down = observation({
      ...{ kind: 'node-down', what: 'rabbit@n1', wellBeforeMs: at(9) },
      ...{ firstSeenMs: at(10), lastSeenMs: at(12), wellAgainMs: at(13) },
    })
    const observations = [watched, down, recreated(13)]
    expect(decide(8, { observations, suspectedMs: at(14) })).toMatchObject({
      cause: 'node-lost',
      evidence: { nodes: ['rabbit@n1'] },
    })
    expect(decide(8, { observations, suspectedMs: at(8.5) }).cause).toBe('removed')
    expect(decide(14, { observations, suspectedMs: at(15) }).cause).toBe('removed')
  })

  describe('store rewound', () => {
    const rewound = observation({
      ...{ kind: 'store-rewound', wellBeforeMs: at(10) },
      ...{ firstSeenMs: at(20), lastSeenMs: at(22), wellAgainMs: at(22) },
    })
    const observations = [watched, rewound]

    it('takes what was proven and is missing again', () => {
      expect(decide(15, { observations, suspectedMs: at(23) })).toMatchObject({
        cause: 'store-rewound',
        evidence: { storeRewoundTo: '2030-01-01T00:10:00.000Z', wasReceivedBefore: true },
      })
      expect(decide(15, { observations: [...observations, recreated(21)], suspectedMs: at(23) }).cause).toBe(
        'store-rewound',
      )
    })

    it('is the cause of what was not proven yet only when nothing else is known', () => {
      expect(decide(21, { observations, suspectedMs: at(23) })).toMatchObject({
        cause: 'store-rewound',
        evidence: { wasReceivedBefore: 'not known' },
      })
      const gone = absent(one, 20, 25)
      expect(decide(21, { observations: [...observations, gone], suspectedMs: at(23) }).cause).toBe('never-routed')
    })

    it('is not the cause of what was missing before it was found, lay before it, or came after', () => {
      expect(decide(15, { observations, suspectedMs: at(16) }).cause).toBe('removed')
      expect(decide(9, { observations, suspectedMs: at(23) }).cause).toBe('removed')
      expect(decide(22.5, { observations, suspectedMs: at(23) }).cause).toBe('removed')
    })
  })

  it('says dead-lettered when dead letters wait and nothing else is known', () => {
    expect(decide(10, { deadLetters: 2 })).toMatchObject({ cause: 'dead-lettered', evidence: { deadLetters: 2 } })
    expect(decide(10, { deadLetters: 2, observations: [watched, absent(one, 9, 11)] }).cause).toBe('never-routed')
  })
})
