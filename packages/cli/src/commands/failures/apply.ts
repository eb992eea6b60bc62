import type { BulkAction, FailureAction, FailureFilter } from '@warren/bus'
import { actOnFailures, runBulk } from '@warren/bus/operate'
import type { NamedStore, StartedBulk } from '@warren/bus/operate'
import { actor } from '../../actor.ts'
import { bar, percentOf } from '../../bar.ts'
import { CliError } from '../../errors.ts'
import { ProgressReporter } from '../../progress-reporter.ts'
import type { Session } from '../../session.ts'
import { clipped } from '../../table.ts'
import { showDuration } from '../backfill/progress.ts'

/**
 * Does it for what the filters choose, and returns for how many. Where they are many it goes in chunks, with its progress on stderr;
 * Ctrl-C gives up what is left. Throws INTERRUPTED, BULK_FAILED.
 */
export async function applyToFailures(
  session: Session,
  stores: readonly NamedStore[],
  action: FailureAction,
  filters: readonly FailureFilter[],
): Promise<number> {
  let changed = 0
  const begun: StartedBulk[] = []
  for (const filter of filters) {
    const acted = await actOnFailures(stores, action, filter, { actor: actor(session.env) })
    changed += acted.count
    begun.push(...acted.begun)
  }
  for (const each of begun) changed += await follow(session, each)
  return changed
}

async function follow(session: Session, { store: { label, store }, bulk }: StartedBulk): Promise<number> {
  const stopping = new AbortController()
  const onInterrupt = (): void => stopping.abort()
  const reporter = new ProgressReporter((line) => session.output.note(line))
  const onProgress = (now: BulkAction): void => {
    const percent = percentOf(now.done, now.total)
    reporter.tell(String(Math.floor(percent / 10)), (columns) => progressLine(now, columns))
  }
  process.once('SIGINT', onInterrupt)
  try {
    const ended = await runBulk(store, bulk.id, { signal: stopping.signal, onProgress })
    if (stopping.signal.aborted) await store.bulk.act(bulk.id, 'cancel', actor(session.env))
    const { state, done, total, error } = (await store.bulk.find(bulk.id)) ?? ended ?? bulk
    if (state === 'done') return done
    const soFar = `${label}: ${bulk.action} is done for ${done} of ${total} failures`
    if (state === 'failed') throw new CliError('BULK_FAILED', `${soFar}. ${error ?? ''}; run it again for what is left`)
    throw new CliError('INTERRUPTED', `${soFar}; the others stay as they are`)
  } finally {
    process.off('SIGINT', onInterrupt)
    reporter.end()
  }
}

/** `[████████░░░░░░░░░░░░]  40 %  retry 4000/10000  1980/s  3 s left`, at most `columns` wide. Pure. */
export function progressLine(
  { action, done, total, pace }: Pick<BulkAction, 'action' | 'done' | 'total' | 'pace'>,
  columns: number,
): string {
  const percent = percentOf(done, total)
  const left = pace === null || pace <= 0 ? null : (Math.max(0, total - done) / pace) * 1_000
  const parts = [
    `${bar(percent)} ${String(percent).padStart(3)} %`,
    `${action} ${done}/${total}`,
    ...(left === null || pace === null ? [] : [`${Math.round(pace)}/s`, `${showDuration(left)} left`]),
  ]
  return clipped(parts.join('  '), columns - 1)
}
