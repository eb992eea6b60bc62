import type { Proof, RegisteredSubscription, SubscriptionStatus } from '@warren/bus'
import { CliError } from '../../errors.ts'
import type { NamedStore } from '../../stores.ts'

/** What the store of a publisher says of one subscription. */
export interface WatchedSubscription {
  readonly subscription: RegisteredSubscription
  readonly proof: Proof
  readonly status: SubscriptionStatus
  /** Deliveries that were compared, of the time that is looked at. */
  readonly compared: number
}

/** A store that publishes, as its reconciler left it. */
export interface Publisher {
  readonly label: string
  readonly store: NamedStore['store']
  /** The service whose events are in it. */
  readonly service: string
  readonly nowMs: number
  /** Whether an instance holds the lease: only then somebody asks, and hears announcements. */
  readonly isReconciling: boolean
  /** Events that wait for the broker. */
  readonly unsent: number
  readonly subscriptions: readonly WatchedSubscription[]
}

/** Reads the stores that publish; the others keep no proof. Throws NOT_PUBLISHING when there is none. */
export async function readPublishers(stores: readonly NamedStore[], sinceMs = 0): Promise<readonly Publisher[]> {
  const read = await Promise.all(stores.map((store) => readPublisher(store, sinceMs)))
  const publishers = read.filter((publisher) => publisher !== null)
  if (publishers.length === 0) {
    throw new CliError(
      'NOT_PUBLISHING',
      `nothing was ever published from ${stores.map(({ label }) => label).join(', ')}; name the store of a publisher`,
    )
  }
  return publishers
}

async function readPublisher({ label, store }: NamedStore, sinceMs: number): Promise<Publisher | null> {
  const { reconciliation, leases, messages, outbox } = store
  // Loaded here, for it brings the broker's client along.
  const { RECONCILER_LEASE_GROUP, statusOf } = await import('@warren/bus')
  const [registered, last] = await Promise.all([reconciliation.registry.list(), messages.sent({ limit: 1 })])
  const service = last[0]?.source
  if (registered.length === 0 && service === undefined) return null
  const proofs = new Map((await reconciliation.proof.list()).map((proof) => [proof.subscription, proof]))
  const nowMs = await reconciliation.nowMs()
  const backlog = await outbox.backlog()
  const held = await leases.list(RECONCILER_LEASE_GROUP)
  const subscriptions: WatchedSubscription[] = []
  for (const subscription of registered) {
    const proof = proofs.get(subscription.name)
    if (proof === undefined) continue
    const compared = await reconciliation.proof.comparedSince(subscription.name, sinceMs)
    subscriptions.push({ subscription, proof, compared, status: statusOf(subscription, proof, nowMs) })
  }
  return {
    label,
    store,
    service: service ?? label,
    nowMs,
    isReconciling: held.some(({ isExpired }) => !isExpired),
    unsent: backlog.pending + backlog.unroutable + backlog.unpublishable,
    subscriptions,
  }
}

/** Throws SUBSCRIPTION_UNKNOWN, with what was meant perhaps, unless a publisher knows the name. */
export async function needSubscription(publishers: readonly Publisher[], name: string): Promise<void> {
  const known = new Set(publishers.flatMap(({ subscriptions }) => subscriptions.map((each) => each.subscription.name)))
  if (known.has(name)) return
  const { nearest } = await import('@warren/bus')
  const near = nearest(name, known)
  const places = publishers.map(({ label }) => label).join(', ')
  const hint =
    near !== undefined
      ? `did you mean "${near}"?`
      : known.size === 0
        ? 'no subscription has announced itself there'
        : `there are ${[...known].sort().join(', ')}`
  throw new CliError('SUBSCRIPTION_UNKNOWN', `${places} knows no subscription "${name}"; ${hint}`)
}
