import { expect, it } from 'vitest'
import type { Observation } from '../store/contract/reconciliation.ts'
import { observe } from './observe.ts'
import type { QueueView, WatchedBinding } from './watch.ts'

const binding: WatchedBinding = {
  ...{ source: 'ex.order.topic', destination: 'qu.crm', destinationType: 'queue', key: 'order.#' },
}
const well: QueueView = { queue: 'qu.crm', exists: true, absent: [], downNodes: [] }
const bad: QueueView = { ...well, absent: [binding] }
const MAX_GAP_MS = 100

/** Looks one after another, each 10 ms long, and keeps what a store would. */
function looks(...looks: readonly (readonly [fromMs: number, view: QueueView])[]): {
  readonly kept: readonly Observation[]
  readonly told: readonly string[]
} {
  const kept = new Map<string, Observation>()
  const told: string[] = []
  for (const [fromMs, view] of looks) {
    const look = { subscription: 'crm', fromMs, toMs: fromMs + 10, view }
    const { observations, begun, ended } = observe([...kept.values()], look, MAX_GAP_MS)
    for (const each of observations) kept.set(`${each.kind} ${each.what} ${each.firstSeenMs}`, each)
    told.push(...begun.map(({ kind }) => `+${kind}`), ...ended.map(({ kind }) => `-${kind}`))
  }
  return { kept: [...kept.values()], told }
}

const timesOf = ({ wellBeforeMs, firstSeenMs, lastSeenMs, wellAgainMs }: Observation): readonly (number | null)[] => [
  ...[wellBeforeMs, firstSeenMs, lastSeenMs, wellAgainMs],
]

it('keeps the time in which somebody looked', () => {
  const { kept, told } = looks([0, well], [50, well], [100, well])
  expect(kept.map(({ kind }) => kind)).toEqual(['watched'])
  expect(kept.map(timesOf)).toEqual([[null, 0, 100, 100]])
  expect(told).toEqual([])
})

it('begins a trouble between the last good look and the first bad one, and ends it likewise', () => {
  const { kept, told } = looks([0, well], [50, well], [100, bad], [150, bad], [200, well])
  const [, absence] = kept
  expect(absence).toMatchObject({ kind: 'binding-absent', what: 'ex.order.topic → qu.crm (order.#)' })
  expect(timesOf(absence!)).toEqual([50, 110, 150, 210])
  expect(told).toEqual(['+binding-absent', '-binding-absent'])
})

it('does not know when a trouble began that the first look finds', () => {
  expect(looks([0, bad]).kept.map(timesOf)).toContainEqual([null, 10, 10, null])
})

it('says of a queue that is gone nothing else', () => {
  const { kept } = looks([0, { queue: 'qu.crm', exists: false, absent: [binding], downNodes: [] }])
  expect(kept.map(({ kind }) => kind).sort()).toEqual(['queue-absent', 'watched'])
})

it('parts what it saw before and after a pause without looks, and tells nothing twice', () => {
  const { kept, told } = looks([0, well], [50, bad], [500, bad], [550, well])
  expect(kept.filter(({ kind }) => kind === 'watched').map(timesOf)).toEqual([
    [null, 0, 50, 50],
    [null, 500, 550, 550],
  ])
  expect(kept.filter(({ kind }) => kind === 'binding-absent').map(timesOf)).toEqual([
    [0, 60, 60, 510],
    [60, 510, 510, 560],
  ])
  expect(told).toEqual(['+binding-absent', '-binding-absent'])
})
