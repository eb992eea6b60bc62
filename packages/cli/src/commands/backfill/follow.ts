import type { Backfill } from '@warren/bus'
import { setTimeout as pause } from 'node:timers/promises'
import { percentOf } from '../../bar.ts'
import { visible } from '../../output.ts'
import type { NamedStore } from '../../stores.ts'
import { progressLine } from './progress.ts'

export interface FollowedBackfill {
  readonly store: NamedStore
  readonly backfill: Backfill
}

const LOOK_MS = 500
/** Nothing was counted or sent for so long: perhaps nobody is there who would. */
const UNTOUCHED_MS = 15_000

/** Shows the progress of backfills, one after the other, until each is over or paused, or `signal` is aborted. */
export async function followBackfills(
  followed: readonly FollowedBackfill[],
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly FollowedBackfill[]> {
  const results: FollowedBackfill[] = []
  for (const each of followed) results.push(await followOne(each, note, signal))
  return results
}

async function followOne(
  followed: FollowedBackfill,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<FollowedBackfill> {
  const { store } = followed
  const reporter = new Reporter(note)
  let { backfill } = followed
  try {
    for (;;) {
      backfill = (await store.store.reconciliation.backfill.find(backfill.id)) ?? backfill
      reporter.tell(backfill)
      if (backfill.state !== 'running' || signal.aborted) return { store, backfill }
      // Rejects when it is aborted, which the next look sees.
      await pause(LOOK_MS, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    reporter.end()
  }
}

/** A line that is drawn anew on a terminal, else one for every tenth and for what it waits for. On stderr. */
class Reporter {
  readonly #note: (line: string) => void
  readonly #isTerminal = process.stderr.isTTY
  readonly #startedMs = performance.now()
  #told = ''
  #isWarned = false
  #isDrawn = false

  constructor(note: (line: string) => void) {
    this.#note = note
  }

  tell(backfill: Backfill): void {
    const isTouched = backfill.updatedMs > backfill.requestedMs
    if (!isTouched && !this.#isWarned && performance.now() - this.#startedMs > UNTOUCHED_MS) {
      this.#isWarned = true
      this.end()
      this.#note('nothing has begun: does the service that owns the store run, with reconciliation on?')
    }
    const line = progressLine(backfill, this.#isTerminal ? process.stderr.columns : 200)
    if (this.#isTerminal) {
      process.stderr.write(`\r\x1b[2K${visible(line)}`)
      this.#isDrawn = true
      return
    }
    const tenth = Math.floor(percentOf(backfill.sent, backfill.total ?? 0) / 10)
    const state = `${tenth} ${backfill.heldBy ?? ''}`
    if (state !== this.#told) this.#note(line)
    this.#told = state
  }

  end(): void {
    if (this.#isDrawn) process.stderr.write('\n')
    this.#isDrawn = false
  }
}
