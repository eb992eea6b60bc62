import type { Store } from '../../src/store/store.ts'
import { until } from './fixtures.ts'

/** Resolves when a statement in this store's database waits for a lock. */
export function untilBlocked(watcher: Pick<Store, 'query'>): Promise<void> {
  return until(async () => {
    const { rows } = await watcher.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return rows.length > 0
  })
}
