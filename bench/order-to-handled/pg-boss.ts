import pg from 'pg'
import { PgBoss } from 'pg-boss'
import { INSERT_ORDER, orderValues } from '../support/orders.ts'
import type { Order } from '../support/orders.ts'
import { PRODUCERS } from './system.ts'
import type { System } from './system.ts'

const QUEUE = 'order-created'

/** `throughput`: looks twice a second, and goes on at once while batches are full. `latency`: is told of each new job. */
export type PgBossMode = 'throughput' | 'latency'

/**
 * pg-boss with jobs sent in the order's transaction, handled in batches, and the effects of a batch written with one
 * statement in the transaction that completes it. Of what was tried (batches of 50 to 500, 1 to 4 workers, with and
 * without NOTIFY, transactional or not) `throughput` was among the fastest; NOTIFY, which brings it near Warren's latency,
 * costs it half of its rate.
 */
export async function startPgBoss(connectionString: string, mode: PgBossMode): Promise<System> {
  const boss = new PgBoss({
    connectionString,
    max: 10,
    useListenNotify: mode === 'latency',
    supervise: false,
    schedule: false,
  })
  const pool = new pg.Pool({ connectionString, max: PRODUCERS })
  const failures: unknown[] = []
  boss.on('error', (error) => failures.push(error))
  await boss.start()
  await boss.createQueue(QUEUE, { notify: mode === 'latency' })
  const system: System = {
    name: `pg-boss (${mode})`,
    place: async (order) => {
      const client = await pool.connect()
      await client.query('BEGIN')
      await client.query(INSERT_ORDER, orderValues(order))
      const db = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) }
      await boss.send(QUEUE, order, { db })
      await client.query('COMMIT')
      client.release()
    },
    onHandled: () => undefined,
    stop: async () => {
      await boss.stop({ graceful: true })
      await pool.end()
      if (failures.length > 0) throw new AggregateError(failures, 'pg-boss failed')
    },
  }
  await boss.work(
    QUEUE,
    {
      batchSize: 50,
      localConcurrency: mode === 'latency' ? 4 : 1,
      pollingIntervalSeconds: 0.5,
      notifyPollingIntervalSeconds: 0.5,
      burstWhenBatchFull: true,
      transactional: true,
    },
    async (jobs: { data: Order }[], tx) => {
      await tx.executeSql('insert into effects (order_id) select unnest($1::text[])', [
        jobs.map(({ data }) => data.orderId),
      ])
      system.onHandled(jobs.length)
    },
  )
  return system
}
