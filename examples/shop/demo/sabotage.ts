import type { Sql, Store, TransactionOptions } from '@warren/bus'
import { setTimeout as delay } from 'node:timers/promises'
import { decorated } from './decorated.ts'

/** What breaks the promise on purpose, to see whether the check at the end notices. */
export const sabotages = ['ack-before-commit', 'no-inbox'] as const
export type Sabotage = (typeof sabotages)[number]

/** Long enough for a kill at random to fall into it. */
const COMMIT_DELAY_MS = 150

export function sabotaged(store: Store, sabotage: Sabotage): Store {
  switch (sabotage) {
    case 'ack-before-commit':
      return decorated(store, {
        // Resolves, and so lets the delivery be acknowledged, when the work is done and the commit still to come.
        transaction: <T>(work: (tx: Sql) => Promise<T>, options?: TransactionOptions) => {
          const { promise, resolve, reject } = Promise.withResolvers<T>()
          const commit = store.transaction(async (tx) => {
            const result = await work(tx)
            resolve(result)
            await delay(COMMIT_DELAY_MS)
          }, options)
          commit.catch(reject)
          return promise
        },
      })
    case 'no-inbox':
      // Every message looks new, and nothing is written down.
      return decorated(store, {
        inbox: decorated(store.inbox, {
          receive: (_tx, _subscription, messages) => Promise.resolve(new Set(messages.map(({ id }) => id))),
        }),
      })
  }
}

/** Commits and acknowledges as it should, only with time between the two. */
export function withSlowAck(store: Store, slowAckMs: number): Store {
  return decorated(store, {
    transaction: async (work, options) => {
      const result = await store.transaction(work, options)
      await delay(slowAckMs)
      return result
    },
  })
}
