import type { Confirm } from './host-protocol.ts'

/** How long after a kill a gap still counts as caused by it. */
const WINDOW_MS = 15_000

/**
 * The longest time around `killedAtMs` in which events waited and the broker confirmed none; null when nothing was
 * confirmed after it. A pause in which there was nothing to send is no gap: it begins with the confirm before it or with
 * the first event that waits, whichever is later. `confirms` are those of one process.
 */
export function publishGapMs(confirms: readonly Confirm[], killedAtMs: number): number | null {
  const inOrder = confirms.toSorted((a, b) => a.confirmedAtMs - b.confirmedAtMs)
  let oldestWaitingAtMs = Infinity
  let longestMs: number | null = null
  for (let index = inOrder.length - 1; index > 0; index--) {
    const [before, after] = [inOrder[index - 1], inOrder[index]]
    if (before === undefined || after === undefined) continue
    oldestWaitingAtMs = Math.min(oldestWaitingAtMs, after.createdAtMs)
    if (after.confirmedAtMs < killedAtMs) break
    if (before.confirmedAtMs > killedAtMs + WINDOW_MS) continue
    longestMs = Math.max(longestMs ?? 0, after.confirmedAtMs - Math.max(before.confirmedAtMs, oldestWaitingAtMs))
  }
  return longestMs
}
