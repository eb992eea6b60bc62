import type { Findings, Store } from '@warren/bus'
import { id, ids } from './fill.ts'

/** Of the minute that the ids are from. */
const publishedMs = Number.parseInt('0197c2f05a1e', 16)
export const ghost: string = id(9)

/**
 * What a reconciler leaves in the store of fillPublisher(), of which two events are sent: `order.crm` misses the later one,
 * `order.mail` has proved both, `order.audit` keeps no inbox, `product.search` wants others, and `order.old` was retired with what it
 * missed.
 */
export async function fillProof(store: Store): Promise<void> {
  const { registry, proof, missing } = store.reconciliation
  const register = async (name: string, patterns: readonly string[], hasInbox = true): Promise<void> => {
    await registry.register(
      {
        name,
        service: name.split('.')[1] ?? '',
        queue: `qu.${name}`,
        hasInbox,
        timeoutMs: 30_000,
        queueCreatedMs: null,
        patternsSinceMs: 0,
      },
      { closeMs: 0, fromMs: publishedMs - 3_600_000, patterns },
      null,
    )
    if (hasInbox) await record(store, name, { throughMs: Date.now() })
  }
  await register('order.crm', ['order.#'])
  await register('order.mail', ['#.payment.*'])
  await register('order.audit', ['#'], false)
  await register('product.search', ['product.#'])
  await register('order.old', ['order.#'])

  const lost = { id: ids.delivered, name: 'order.viporder.payment.onPaid' }
  const evidence = { queue: 'qu.order.crm', bindingStood: true }
  for (const name of ['order.crm', 'order.old']) {
    await record(store, name, { suspects: [lost] })
    await record(store, name, { absent: [{ id: lost.id, cause: 'removed', evidence }] })
  }
  await missing.failed('order.crm', [lost.id], 'MESSAGE_RETURNED: no queue took it')
  await registry.retire('order.old', 'ann')
  await record(store, 'order.mail', {
    minutes: [
      { minuteMs: Math.floor(Date.now() / 60_000) * 60_000, expected: 1_204, isWhole: true, readMs: Date.now() },
    ],
  })
  await keepFresh(store)
  const reason = 'no barrier was answered for more than 120 s'
  await proof.setBreaker('order.crm', { cause: 'unanswered', reason })
}

/** Everybody was heard, and everything was asked, at any time in which a slow test may look. */
export async function keepFresh(store: Store): Promise<void> {
  const [registry, proof] =
    store.kind === 'sqlite' ? ['warren_registry', 'warren_proof'] : ['orders.registry', 'orders.proof']
  await store.transaction(async (tx) => {
    await tx.query(`update ${registry} set last_seen_at = $1`, [Date.now() + 3_600_000])
    await tx.query(`update ${proof} set through = $1`, [Date.now() + 3_600_000])
  })
}

/** A message that `order.mail` has and nobody published. */
export function addGhost(store: Store): Promise<void> {
  return record(store, 'order.mail', { ghosts: [{ id: ghost, name: 'order.payment.onPaid' }] })
}

/** As the process that reconciles does. */
export async function holdLease(store: Store): Promise<void> {
  await store.leases.acquire('reconciler', ['leader'], 'test', 600_000)
}

let barrier = 100
async function record(store: Store, subscription: string, changes: Partial<Findings>): Promise<void> {
  await store.reconciliation.proof.record(subscription, {
    answer: { barrierId: id(barrier++), roundTripMs: 12, retrying: 1, parked: 2, rewindId: null },
    throughMs: null,
    rewoundMs: null,
    minutes: [],
    suspects: [],
    present: [],
    absent: [],
    unwanted: [],
    ghosts: [],
    ...changes,
  })
}
