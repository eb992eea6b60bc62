import { expect, it } from 'vitest'
import { leastIdAt } from '../store/ids.ts'
import { decideCause } from './cause.ts'
import type { CauseFacts, Observation } from './cause.ts'

const publishedMs = 1_790_000_000_000
const facts: CauseFacts = {
  id: `${leastIdAt(publishedMs).slice(0, 14)}7000-8000-000000000000`,
  ...{ name: 'order.payment.onPaid', queue: 'qu.order.crm', queueCreatedMs: null, deadLetters: 0, rewound: null },
  ...{ observations: [], isRoutedBy: (patterns) => patterns.includes('order.#'), confirmedByBarrierId: 'b' },
}
const seen = (kind: Observation['kind'], changes: Partial<Observation> = {}): Observation => ({
  ...{ kind, wellBeforeMs: publishedMs - 10, firstSeenMs: publishedMs + 5, lastSeenMs: publishedMs + 6 },
  ...{ wellAgainMs: null, what: ['order.#'], ...changes },
})

it.each<[string, Partial<CauseFacts>]>([
  ['removed', {}],
  ['unknown', { observations: null }],
  ['dead-lettered', { deadLetters: 2 }],
  ['queue-recreated', { queueCreatedMs: publishedMs + 1, deadLetters: 2 }],
  ['removed', { queueCreatedMs: publishedMs }],
  ['node-lost', { observations: [seen('node-down')] }],
  ['queue-recreated', { observations: [seen('node-down'), seen('queue-absent')] }],
  ['never-routed', { observations: [seen('queue-absent'), seen('binding-absent')] }],
  ['removed', { observations: [seen('binding-absent', { what: ['product.#'] })] }],
  ['removed', { observations: [seen('binding-absent', { wellAgainMs: publishedMs - 1 })] }],
  ['removed', { observations: [seen('binding-absent', { wellBeforeMs: publishedMs + 1 })] }],
  ['removed', { observations: [seen('binding-absent', { wellBeforeMs: null })] }],
  ['store-rewound', { rewound: { foundMs: publishedMs + 1, toMs: 1 }, observations: [seen('binding-absent')] }],
  ['removed', { rewound: { foundMs: publishedMs, toMs: 1 } }],
])('is %s by %o', (cause, changes) => {
  const decided = decideCause({ ...facts, ...changes })
  expect(decided.cause).toBe(cause)
  expect(decided.evidence).toMatchObject({ publishedAt: new Date(publishedMs).toISOString(), saidBy: 'b' })
})
