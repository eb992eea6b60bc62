import type { Backfill } from '@warren/bus'
import type { StoredBackfill } from '@warren/bus/operate'
import { setTimeout as pause } from 'node:timers/promises'
import { percentOf } from '../../bar.ts'
import { ProgressReporter } from '../../progress-reporter.ts'
import { progressLine } from './progress.ts'

const LOOK_MS = 500
/** Nothing was counted or sent for so long: perhaps nobody is there who would. */
const UNTOUCHED_MS = 15_000

/** Shows the progress of backfills, one after the other, until each is over or paused, or `signal` is aborted. */
export async function followBackfills(
  followed: readonly StoredBackfill[],
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly StoredBackfill[]> {
  const results: StoredBackfill[] = []
  for (const each of followed) results.push(await followOne(each, note, signal))
  return results
}

async function followOne(
  followed: StoredBackfill,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<StoredBackfill> {
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

/** A line for every tenth, and for what it waits for. */
class Reporter {
  readonly #progress: ProgressReporter
  readonly #startedMs = performance.now()
  #isWarned = false

  constructor(note: (line: string) => void) {
    this.#progress = new ProgressReporter(note)
  }

  tell(backfill: Backfill): void {
    const isTouched = backfill.updatedMs > backfill.requestedMs
    if (!isTouched && !this.#isWarned && performance.now() - this.#startedMs > UNTOUCHED_MS) {
      this.#isWarned = true
      this.#progress.note('nothing has begun: does the service that owns the store run, with reconciliation on?')
    }
    const tenth = Math.floor(percentOf(backfill.sent, backfill.total ?? 0) / 10)
    this.#progress.tell(`${tenth} ${backfill.heldBy ?? ''}`, (columns) => progressLine(backfill, columns))
  }

  end(): void {
    this.#progress.end()
  }
}
