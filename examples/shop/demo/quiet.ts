import { setTimeout as delay } from 'node:timers/promises'
import { lagOf } from './counts.ts'
import type { Counts } from './counts.ts'
import { subscribers } from './truth.ts'

const POLL_MS = 250
/** Everything is there, and so long nothing more has come: what comes twice comes soon. */
const SETTLED_MS = 2_000
/** Something is missing, and so long nothing has moved: longer than leases, reconnects and confirm timeouts take. */
const STUCK_MS = 20_000
const TIMEOUT_MS = 180_000

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
    const isAllThere =
      counts.pending === 0 && counts.retrying === 0 && subscribers.every((name) => lagOf(counts, name) === 0)
    if (performance.now() - lastMoveAtMs > (isAllThere ? SETTLED_MS : STUCK_MS)) return
    await delay(POLL_MS)
  }
}
