import { createHash } from 'node:crypto'
import { createBus, jsonLogger } from '../../src/index.ts'
import { postgresStore } from '../../src/store/postgres/index.ts'
import { bank } from './bank.ts'

/**
 * One instance of a service with an ordered subscription, for tests that kill it. Writes each event down in the handler's own
 * transaction, and lets one in twenty events fail once or twice after that.
 */
const { endpoints, database } = JSON.parse(process.argv[2] ?? '') as { endpoints: string[]; database: string }
const store = postgresStore({ connectionString: database })
const bus = createBus({
  service: 'bank',
  catalog: bank,
  store,
  endpoints,
  logger: jsonLogger('error'),
  relay: { leaseMs: 2_000 },
  reconcile: { clockToleranceMs: 0, intervalMs: 5_000, leaseMs: 3_000 },
})
await bus.subscribe(
  'account.ledger',
  ['account.#'],
  async ({ entityId, sequence }, { tx, attempt }) => {
    await tx.query('insert into handled_event (account, sequence, instance) values ($1, $2, $3)', [
      entityId,
      sequence,
      process.pid,
    ])
    const draw = createHash('sha256').update(`${entityId}/${sequence}`).digest().readUInt16BE()
    if (draw % 20 === 0 && attempt <= 1 + (draw % 3 === 0 ? 1 : 0)) throw new Error('one in twenty fails')
  },
  // A retry that a killed instance had in hand is due again after twice the deadline.
  { ordered: true, timeoutMs: 3_000, retry: { attempts: 1_000, delayMs: 50, factor: 2, maxDelayMs: 500 } },
)
bus.stopOnSignals()
// Ends with the test, also when the test is killed.
process.stdin.on('end', () => process.exit(0)).resume()
await bus.start()
process.stdout.write('ready\n')
