import type { Store } from '@warren/bus'

/**
 * What a bus takes as `prepare`: makes the service's tables, and what is in them from the beginning, before an event is sent
 * or received. Every start of an instance does so: each statement may run again.
 */
export function making(...statements: readonly string[]): (store: Store) => Promise<void> {
  return (store) =>
    store.transaction(async (tx) => {
      for (const statement of statements) await tx.query(statement)
    })
}
