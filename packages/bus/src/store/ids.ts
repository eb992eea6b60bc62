export const DAY_MS: number = 24 * 60 * 60 * 1000

/** The least id of this millisecond: in front of every UUIDv7 made in it, behind all made before. */
export function leastIdAt(timeMs: number): string {
  const time = Math.max(0, Math.floor(timeMs)).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`
}

/** Midnight UTC of the day that the time is in. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS
}

/** By how much the clocks of a publisher and of a subscriber's store may differ. */
const CLOCK_TOLERANCE_MS = 60_000

/** Above every message that can have failed before this time: it was published before. */
export function leastIdAfterFailing(time: Date): string {
  return leastIdAt(time.getTime() + CLOCK_TOLERANCE_MS)
}
