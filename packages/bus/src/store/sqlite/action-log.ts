import type { SqliteTx } from './transaction.ts'

export interface Action {
  readonly actor: string
  readonly action: 'retry' | 'discard'
  /** Null for an event of the outbox. */
  readonly subscription: string | null
  readonly messageId: string
  readonly details: object
}

/** Writes down what a person did, in the transaction that does it. */
export function logAction(tx: SqliteTx, now: number, entry: Action): void {
  const { actor, action, subscription, messageId, details } = entry
  tx.all(
    `insert into warren_action_log (at, actor, action, subscription, message_id, details) values ($1, $2, $3, $4, $5, $6)`,
    [now, actor, action, subscription, messageId, details],
  )
}
