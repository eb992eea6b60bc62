import { onTestFinished } from 'vitest'

import { postgresStore } from '../../src/store/postgres/index.ts'
import type { PostgresStoreOptions } from '../../src/store/postgres/index.ts'
import { testDatabase } from '../../../../test/support/postgres.ts'
import type { TestDatabase } from '../../../../test/support/postgres.ts'
import { describeStore } from './conformance.ts'
import { untilBlocked } from './postgres-fixtures.ts'

const EMPTY = `
  delete from warren.outbox; delete from warren.outbox_pending; delete from warren.inbox; delete from warren.inbox_start;
  delete from warren.inbox_failure; delete from warren.subscription; delete from warren.lease; delete from warren.action_log;
  delete from warren.ghost; delete from warren.late_event; delete from warren.reconciliation; delete from warren.missing;
  delete from warren.proof; delete from warren.registry_period; delete from warren.registry; delete from warren.observation;
  delete from warren.backfill; delete from warren.consumer; delete from warren.answered_barrier; delete from warren.unheard_answer;
  delete from warren.entity_sequence; delete from warren.order_position; delete from warren.order_interest;
  delete from warren.watch; delete from warren.bulk_action; delete from warren.inbox_attempt; delete from warren.compensation;
  delete from warren.resend`

/** One for the whole suite, emptied before each test: making one takes longer than most tests. */
let shared: Promise<TestDatabase> | null = null
function sharedDatabase(): Promise<TestDatabase> {
  shared ??= testDatabase()
  return shared
}

async function open(options: PostgresStoreOptions) {
  const store = postgresStore(options)
  onTestFinished(() => store.stop())
  await store.start()
  return store
}

describeStore('postgres', async () => {
  const { url } = await sharedDatabase()
  const watcher = await open({ connectionString: url, maxConnections: 1 })
  await watcher.query(EMPTY)
  return {
    open: () => open({ connectionString: url }),
    untilBlocked: (count) => untilBlocked(watcher, count),
  }
})
