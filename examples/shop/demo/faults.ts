import type { Store } from '@warren/bus'
import type { FastifyInstance } from 'fastify'
import { AsyncLocalStorage } from 'node:async_hooks'
import { decorated } from './decorated.ts'

/** A request with this header is rolled back after all its work: rows written, event published. */
export const ROLL_BACK_HEADER = 'x-demo-roll-back'
/** The `code` in the answer to such a request. */
export const ROLLED_BACK = 'ROLLED_BACK'

const rollsBack = new AsyncLocalStorage<boolean>()

/** Throws at the very end of the transactions of requests that ask for it. */
export function withRollbacks(store: Store): Store {
  return decorated(store, {
    transaction: (work, options) => {
      const isRolledBack = rollsBack.getStore() === true
      return store.transaction(async (tx) => {
        const result = await work(tx)
        if (isRolledBack) {
          throw Object.assign(new Error('rolled back, as the request asked'), { statusCode: 503, code: ROLLED_BACK })
        }
        return result
      }, options)
    },
  })
}

export function listenForRollbacks(http: FastifyInstance): void {
  http.addHook('onRequest', (request, _reply, done) => {
    rollsBack.run(request.headers[ROLL_BACK_HEADER] !== undefined, done)
  })
}

/** A share of the handler runs fails after its work, each time anew: what they wrote is undone, and done by a retry. */
export function withFailingHandlers(store: Store, failPercent: number): Store {
  return decorated(store, {
    savepoint: (tx, work) =>
      store.savepoint(tx, async (inner) => {
        const result = await work(inner)
        if (Math.random() * 100 < failPercent) throw new Error('the demo lets this handler fail; it will be retried')
        return result
      }),
  })
}
