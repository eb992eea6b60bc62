import { Logger, run } from 'graphile-worker'
import pg from 'pg'
import { INSERT_EFFECT, INSERT_ORDER, orderValues } from '../support/orders.ts'
import type { Order } from '../support/orders.ts'
import { PRODUCERS } from './system.ts'
import type { System } from './system.ts'

const CONCURRENT_JOBS = 10

/**
 * graphile-worker as its page on performance recommends: a local queue that waits a little to fetch many jobs at once,
 * completions in batches, a pool larger than the number of concurrent jobs. The fastest of what was tried (local queues of
 * 100 and 500, with and without a delay, 4 to 10 jobs at a time, completions at once or gathered).
 */
export async function startGraphileWorker(connectionString: string): Promise<System> {
  const pool = new pg.Pool({ connectionString, max: PRODUCERS })
  const system: System = {
    name: 'graphile-worker',
    place: async (order) => {
      const client = await pool.connect()
      await client.query('BEGIN')
      await client.query(INSERT_ORDER, orderValues(order))
      await client.query(`select graphile_worker.add_job('order-created', $1::json)`, [JSON.stringify(order)])
      await client.query('COMMIT')
      client.release()
    },
    onHandled: () => undefined,
    stop: async () => {
      await runner.stop()
      await pool.end()
    },
  }
  const runner = await run({
    preset: {
      worker: {
        connectionString,
        maxPoolSize: CONCURRENT_JOBS + 4,
        concurrentJobs: CONCURRENT_JOBS,
        pollInterval: 500,
        localQueue: { size: 500, refetchDelay: { durationMs: 100, threshold: 10 } },
        completeJobBatchDelay: 250,
        failJobBatchDelay: 250,
        logger: new Logger(() => () => undefined),
      },
    },
    noHandleSignals: true,
    taskList: {
      'order-created': async (payload, { withPgClient }) => {
        await withPgClient((client) => client.query(INSERT_EFFECT, [(payload as Order).orderId]))
        system.onHandled(1)
      },
    },
  })
  return system
}
