import type { Backfill } from '@warren/bus'
import { remainingMs } from '@warren/bus/operate'
import type { StoreRow } from '@warren/bus/operate'
import type { Column } from '../../table.ts'
import { showTime } from '../../times.ts'
import { showDuration, showPace, showSent } from './progress.ts'

export const backfillColumns: readonly Column<StoreRow<Backfill>>[] = [
  { heading: 'id', cell: (row) => row.id },
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'state', cell: (row) => row.state },
  { heading: 'sent', cell: showSent, align: 'right' },
  { heading: 'per second', cell: (row) => (row.state === 'running' ? showPace(row.pace) : ''), align: 'right' },
  { heading: 'left', cell: (row) => showLeft(row) },
  { heading: 'held by', cell: (row) => row.heldBy ?? '' },
  { heading: 'requested', cell: (row) => showTime(new Date(row.requestedMs)) },
  { heading: 'by', cell: (row) => row.requestedBy },
]

export function showLeft(backfill: Backfill): string {
  const left = remainingMs(backfill)
  return left === null ? '' : showDuration(left)
}

/** For programs: times in ISO 8601, what is left in milliseconds. */
export function backfillDocument({ range, requestedMs, updatedMs, ...backfill }: StoreRow<Backfill>): object {
  const left = remainingMs(backfill)
  return {
    ...backfill,
    since: new Date(range.fromMs),
    until: new Date(range.toMs),
    remainingMs: left === null ? null : Math.round(left),
    requestedAt: new Date(requestedMs),
    updatedAt: new Date(updatedMs),
  }
}
