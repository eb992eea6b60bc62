import { livePerSecond } from '../reconcile/budget.ts'
import { RECONCILER_LEASE_GROUP } from '../reconcile/lease.ts'
import { statusOf } from '../reconcile/state.ts'
import type { SubscriptionStatus } from '../reconcile/state.ts'
import type { Proof, ReconciliationStore, RegisteredSubscription } from '../store/contract/reconciliation.ts'
import type { Store } from '../store/store.ts'
import { seenCompensation } from './compensation.ts'
import type { CompensationView, SeenCompensation } from './compensation.ts'
import type { NamedStore } from './named-store.ts'

/** What the store of a publisher says of one subscription. */
export interface WatchedSubscription {
  readonly subscription: RegisteredSubscription
  readonly proof: Proof
  readonly status: SubscriptionStatus
  /** Deliveries that were compared, of the time that is looked at. */
  readonly compared: number
  readonly compensation: SeenCompensation
}

/** A store that publishes, as its reconciler left it. */
export interface Publisher {
  readonly label: string
  readonly store: Store
  /** The service whose events are in it. */
  readonly service: string
  readonly nowMs: number
  /** Whether an instance holds the lease: only then somebody asks, and hears announcements. */
  readonly isReconciling: boolean
  /** Events that wait for the broker. */
  readonly unsent: number
  /** Where nothing is set for a subscription. */
  readonly compensation: SeenCompensation
  readonly subscriptions: readonly WatchedSubscription[]
}

/** Reads the stores that publish; the others keep no proof. `sinceMs`: of which time deliveries are counted. */
export async function readPublishers(stores: readonly NamedStore[], sinceMs = 0): Promise<readonly Publisher[]> {
  const read = await Promise.all(stores.map((store) => readPublisher(store, sinceMs)))
  return read.filter((publisher) => publisher !== null)
}

async function readPublisher({ label, store }: NamedStore, sinceMs: number): Promise<Publisher | null> {
  const { reconciliation, leases, messages, outbox } = store
  const [registered, last] = await Promise.all([reconciliation.registry.list(), messages.sent({ limit: 1 })])
  const service = last[0]?.source
  if (registered.length === 0 && service === undefined) return null
  const proofs = new Map((await reconciliation.proof.list()).map((proof) => [proof.subscription, proof]))
  const nowMs = await reconciliation.nowMs()
  const backlog = await outbox.backlog()
  const held = await leases.list(RECONCILER_LEASE_GROUP)
  const view = await readCompensation(reconciliation, nowMs)
  const subscriptions: WatchedSubscription[] = []
  for (const subscription of registered) {
    const proof = proofs.get(subscription.name)
    if (proof === undefined) continue
    const compared = await reconciliation.proof.comparedSince(subscription.name, sinceMs)
    const status = statusOf(subscription, proof, nowMs)
    const compensation = seenCompensation(view, subscription.name)
    subscriptions.push({ subscription, proof, compared, status, compensation })
  }
  return {
    label,
    store,
    service: service ?? label,
    nowMs,
    isReconciling: held.some(({ isExpired }) => !isExpired),
    unsent: backlog.pending + backlog.unroutable + backlog.unpublishable,
    compensation: seenCompensation(view, null),
    subscriptions,
  }
}

async function readCompensation(
  { compensation, proof }: ReconciliationStore,
  nowMs: number,
): Promise<CompensationView> {
  return {
    rows: await compensation.list(),
    livePerSecond: await livePerSecond(proof, nowMs),
    minute: await compensation.resentSince(nowMs - 60_000),
    hour: await compensation.resentSince(nowMs - 3_600_000),
  }
}
