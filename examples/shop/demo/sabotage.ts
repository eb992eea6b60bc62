import type { Sql, Store, TransactionOptions } from '@warren/bus'
import { decorated } from './decorated.ts'

/** What breaks the promise on purpose, to see whether the check at the end notices. */
export const sabotages = ['ack-before-commit', 'no-inbox'] as const
export type Sabotage = (typeof sabotages)[number]

/** Resolves after the moment in which a subscriber is to be killed. */
export type Hold = () => Promise<void>

/** Commits and acknowledges as it should, only with time between the two. */
export function withLateAck(store: Store, hold: Hold): Store {
  return decorated(store, {
    transaction: async (work, options) => {
      const result = await store.transaction(work, options)
      await hold()
      return result
    },
  })
}

/** Says that it has committed, and so lets the delivery be acknowledged, when the work is done and the commit still to come. */
export function withAckBeforeCommit(store: Store, hold: Hold): Store {
  return decorated(store, {
    transaction: <T>(work: (tx: Sql) => Promise<T>, options?: TransactionOptions) => {
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      const commit = store.transaction(async (tx) => {
        const result = await work(tx)
        resolve(result)
        await hold()
      }, options)
      commit.catch(reject)
      return promise
    },
  })
}

/** Every message looks new, and nothing is written down about it. */
export function withoutInbox(store: Store): Store {
  return decorated(store, {
    inbox: decorated(store.inbox, {
      receive: (_tx, _subscription, messages) => Promise.resolve(new Set(messages.map(({ id }) => id))),
    }),
  })
}
