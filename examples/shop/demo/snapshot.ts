import type { NodeState } from '@warren/cluster/local'
import type { Counts } from './counts.ts'

/** All that the live view shows of one moment. */
export interface Snapshot {
  readonly elapsedS: number
  readonly placed: number
  readonly toPlace: number
  readonly rolledBack: number
  readonly counts: Counts
  /** Events committed, and effects applied, per second. */
  readonly publishedPerS: number
  readonly handledPerS: number
  /** Handler runs that failed. */
  readonly failures: number
  readonly nodes: readonly { readonly name: string; readonly state: NodeState }[]
  readonly services: readonly { readonly name: string; readonly state: 'down' | 'starting' | 'ready' }[]
  readonly nodeKills: number
  readonly serviceKills: number
}

export interface Moment {
  readonly atMs: number
  readonly events: number
  readonly handled: number
}

export function momentOf(atMs: number, counts: Counts): Moment {
  const handled = Object.values(counts.bySubscriber).reduce((sum, one) => sum + one.handled, 0)
  return { atMs, events: counts.events, handled }
}

/** Over the time between two moments. */
export function ratesBetween(
  before: Moment,
  after: Moment,
): { readonly publishedPerS: number; readonly handledPerS: number } {
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1000)
  return {
    publishedPerS: Math.max(0, (after.events - before.events) / seconds),
    handledPerS: Math.max(0, (after.handled - before.handled) / seconds),
  }
}
