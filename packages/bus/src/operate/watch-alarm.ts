import type { Watch } from '../store/contract/watch.ts'
import type { WatchCount } from './watch-counts.ts'

export interface RaisedAlarm {
  readonly kind: 'missing' | 'parked' | 'unhandled'
  readonly subscription: string
  /** Of `unhandled`, for how many milliseconds the oldest is not. */
  readonly value: number
}

/** Which of its alarms a watch has raised, and why; none while it has not begun. */
export function alarmsOf({ alarm }: Pick<Watch, 'alarm'>, count: WatchCount, nowMs: number): readonly RaisedAlarm[] {
  const isAbove = (value: number | null, most: number | null): value is number =>
    value !== null && most !== null && value > most
  return count.subscriptions.flatMap(({ subscription, unresent, parked, oldestUnhandledMs }) => {
    const unhandledMs = oldestUnhandledMs === null ? null : nowMs - oldestUnhandledMs
    return [
      ...(isAbove(unresent, alarm.maxMissing) ? [{ kind: 'missing' as const, subscription, value: unresent }] : []),
      ...(isAbove(parked, alarm.maxParked) ? [{ kind: 'parked' as const, subscription, value: parked }] : []),
      ...(isAbove(unhandledMs, alarm.maxUnhandledMs)
        ? [{ kind: 'unhandled' as const, subscription, value: unhandledMs }]
        : []),
    ]
  })
}
