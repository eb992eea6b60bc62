import type { Backfill } from '@warren/bus'
import { remainingMs } from '@warren/bus/operate'
import { bar, percentOf } from '../../bar.ts'
import { clipped } from '../../table.ts'

type Progress = Pick<Backfill, 'subscription' | 'state' | 'sent' | 'total' | 'pace' | 'heldBy'>

/** `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function showDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 36) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Rounded, and none for 0 or what is not known. */
export function showPace(pace: number | null): string {
  return pace === null ? '' : pace < 10 ? pace.toFixed(1) : String(Math.round(pace))
}

export function showSent({ sent, total }: Progress): string {
  return total === null ? String(sent) : `${sent}/${total}`
}

const holds = {
  relay: 'waits for the relay, which is behind',
  queue: "waits for the subscription's queue to be empty",
  broker: 'waits for the broker to confirm',
} as const

/** What it does now, in words. */
export function showHold({ heldBy }: Pick<Backfill, 'heldBy'>): string {
  return heldBy === null ? '' : holds[heldBy]
}

/** `[████████░░░░░░░░░░░░]  40 %  order.loyalty 400/1000  198/s  3 s left`, at most `columns` wide. Pure. */
export function progressLine(backfill: Progress, columns = 80): string {
  const percent = percentOf(backfill.sent, backfill.total ?? 0)
  const left = remainingMs(backfill)
  const parts = [
    `${bar(percent)} ${String(percent).padStart(3)} %`,
    `${backfill.subscription} ${showSent(backfill)}`,
    ...(backfill.heldBy !== null
      ? [showHold(backfill)]
      : left === null
        ? []
        : [`${showPace(backfill.pace)}/s`, `${showDuration(left)} left`]),
  ]
  // The last column is left free: some terminals go to the next line when it is written.
  return clipped(parts.join('  '), columns - 1)
}
