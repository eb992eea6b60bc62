import { describe, expect, test } from 'vitest'
import type { Observation } from '../../../src/store/contract/reconciliation.ts'
import type { Subject } from './subject.ts'

const absent: Observation = {
  ...{ subscription: 'order.crm', kind: 'binding-absent', what: 'ex.order.topic → qu.order.crm (order.#)' },
  ...{ wellBeforeMs: 1_900_000_000_000, firstSeenMs: 1_900_000_000_200, lastSeenMs: 1_900_000_000_200 },
  wellAgainMs: null,
}

export function describeObservations(subject: Subject): void {
  describe('observations', () => {
    test('one that goes on is the same one, with its ends moved', async () => {
      const { observations } = subject.store.reconciliation
      await observations.write([absent])
      await observations.write([{ ...absent, lastSeenMs: absent.lastSeenMs + 1 }])
      const ended = { ...absent, lastSeenMs: absent.lastSeenMs + 2, wellAgainMs: absent.lastSeenMs + 3 }
      await observations.write([ended])
      expect(await observations.list()).toEqual([ended])
      await observations.write([])
      expect(await observations.list()).toHaveLength(1)
    })

    test('what began at another time, or is of another kind or thing, is another one', async () => {
      const { observations } = subject.store.reconciliation
      const others = [
        { ...absent, firstSeenMs: absent.firstSeenMs + 1, wellBeforeMs: null },
        { ...absent, what: 'another' },
        { ...absent, kind: 'queue-absent' as const },
        { ...absent, subscription: 'order.loyalty' },
      ]
      await observations.write([absent, ...others])
      expect(await observations.list()).toHaveLength(5)
      const [first] = await observations.list({ subscription: 'order.loyalty' })
      expect(first).toEqual(others[3])
      expect(await observations.list({ subscription: 'nobody' })).toEqual([])
    })

    test('tells what is not well now', async () => {
      const { observations } = subject.store.reconciliation
      const over = { ...absent, what: 'over', wellAgainMs: absent.lastSeenMs + 1 }
      await observations.write([absent, over])
      expect(await observations.list({ isOpen: true })).toEqual([absent])
      expect(await observations.list({ isOpen: false, subscription: 'order.crm' })).toEqual([over])
    })

    test('forgets what is over for long, and nothing that goes on', async () => {
      const { observations } = subject.store.reconciliation
      const over = { ...absent, what: 'over', wellAgainMs: absent.lastSeenMs + 1 }
      await observations.write([absent, over, { ...over, what: 'later', wellAgainMs: over.wellAgainMs + 1 }])
      expect(await observations.forget(over.wellAgainMs + 1)).toBe(1)
      expect((await observations.list()).map(({ what }) => what)).toEqual([absent.what, 'later'])
      expect(await observations.forget(over.wellAgainMs + 1)).toBe(0)
    })

    test('writes more than one statement takes', async () => {
      const { observations } = subject.store.reconciliation
      await observations.write(Array.from({ length: 1_001 }, (_, n) => ({ ...absent, what: String(n) })))
      expect(await observations.list({ isOpen: true })).toHaveLength(1_001)
    })
  })
}
