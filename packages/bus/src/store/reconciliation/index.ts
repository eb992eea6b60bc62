import type { ReconciliationStore } from '../contract/reconciliation.ts'
import { Backfills } from './backfill.ts'
import { Compensations } from './compensation.ts'
import type { Dialect } from './dialect.ts'
import { Holds } from './holds.ts'
import { Ledger } from './ledger.ts'
import { Missing } from './missing.ts'
import { Observations } from './observations.ts'
import { Proofs } from './proof.ts'
import { Receipts } from './receipts.ts'
import { Registry } from './registry.ts'

/** The bookkeeping of reconciliation on any dialect. */
export class Reconciliation implements ReconciliationStore {
  readonly registry: Registry
  readonly ledger: Ledger
  readonly proof: Proofs
  readonly missing: Missing
  readonly observations: Observations
  readonly receipts: Receipts
  readonly backfill: Backfills
  readonly compensation: Compensations
  /** For the stores' own retention. */
  readonly holds: Holds
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
    this.registry = new Registry(dialect)
    this.ledger = new Ledger(dialect)
    this.proof = new Proofs(dialect)
    this.missing = new Missing(dialect)
    this.observations = new Observations(dialect)
    this.receipts = new Receipts(dialect)
    this.backfill = new Backfills(dialect)
    this.compensation = new Compensations(dialect)
    this.holds = new Holds(dialect)
  }

  nowMs(): Promise<number> {
    return this.#dialect.nowMs()
  }
}
