import { setTimeout as delay } from 'node:timers/promises'
import { lagOf } from './counts.ts'
import type { Counts } from './counts.ts'
import { subscribers } from './truth.ts'

const POLL_MS = 250
/** Everything is there, and so long nothing more has come: what comes twice comes soon. */
const SETTLED_MS = 2_000
/** Something is missing, and so long nothing has moved: longer than a lost connection or a silent node takes. */
const STUCK_MS = 12_000
/** The same while events wait to be sent or retried. A retry waits the longest, when the process that had it was killed: 90 s. */
const WAITING_MS = 100_000
const TIMEOUT_MS = 300_000

/** Waits until all events have been handled; or until nothing moves any more, which leaves it to the truth to say what is missing. */
export async function untilQuiet(readCounts: () => Promise<Counts>): Promise<void> {
  const startedAtMs = performance.now()
  let last = ''
  let lastMoveAtMs = startedAtMs
  while (performance.now() - startedAtMs < TIMEOUT_MS) {
    const counts = await readCounts()
    const now = JSON.stringify(counts)
    if (now !== last) lastMoveAtMs = performance.now()
    last = now
    const isWaiting = counts.pending + counts.retrying > 0
    const isMissing = subscribers.some((name) => lagOf(counts, name) > 0)
    const patienceMs = isWaiting ? WAITING_MS : isMissing ? STUCK_MS : SETTLED_MS
    if (performance.now() - lastMoveAtMs > patienceMs) return
    await delay(POLL_MS)
  }
}
