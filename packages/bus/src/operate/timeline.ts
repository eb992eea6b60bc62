import { ORDER_BLOCKED } from '../store/contract/order.ts'
import type { ActionEntry, FailedAttempt, InboxEntry } from '../store/store.ts'
import type { Delivery } from './deliveries.ts'
import type { FoundMessage } from './message.ts'
import { readStores } from './named-store.ts'
import type { NamedStore, StoreRow } from './named-store.ts'

/**
 * What happened to one event, where, and what is known of it.
 * - `published`: its transaction committed (`by`: the service). `sent`: the broker has confirmed it.
 * - `unsent`: it is not (`code`: pending, unroutable or unpublishable; `attempt`: sent in vain so often).
 * - `received`: it is in the inbox of a subscription.
 * - `failed`, `parked`: an attempt that is followed by another one, or by none. With no `beganAt`, no handler was called.
 * - `lost`: an attempt that began, and never ended: its process died, or lost its store.
 * - `waiting`: for its turn, behind an earlier event of its entity.
 * - `suspected`, `missing` (`code`: the cause): what its publisher found out. `resent` (`attempt`: so often since a person last asked for
 *   it), `gave-up`, `recovered`, `waived`: what became of that.
 * - `acted`: what a person did (`by`, `code`): a retry, an edit, a resend.
 * - `handled`, `discarded`: final.
 */
export type StepKind =
  | 'published'
  | 'sent'
  | 'unsent'
  | 'received'
  | 'failed'
  | 'parked'
  | 'lost'
  | 'waiting'
  | 'suspected'
  | 'missing'
  | 'resent'
  | 'gave-up'
  | 'recovered'
  | 'waived'
  | 'acted'
  | 'handled'
  | 'discarded'

/** One step on the way of an event. */
export interface Step {
  /** When it happened, or of an attempt, when it ended. Null: no store keeps that; it stands where it belongs. */
  readonly at: Date | null
  readonly kind: StepKind
  /** The store that says so. */
  readonly store: string
  /** Null: it is about the event itself. */
  readonly subscription: string | null
  readonly by: string | null
  readonly attempt: number | null
  readonly beganAt: Date | null
  readonly code: string | null
  /** `type: message` */
  readonly error: string | null
}

const MOST_ACTIONS = 200

/** The way of one event from its commit to each handler, by all stores given: oldest first, as their clocks tell it. */
export async function readTimeline(
  stores: readonly NamedStore[],
  found: FoundMessage,
  deliveries: readonly Delivery[],
): Promise<readonly Step[]> {
  const { id, received } = found
  const attempts = await readStores(stores, (store) => store.failures.attempts(id))
  const actions = await readStores(stores, (store) => store.actions.list({ messageId: id, limit: MOST_ACTIONS }))
  const published = publishedSteps(found, actions)
  const later = [
    ...received.map((entry) => step('received', entry, { at: entry.receivedAt })),
    ...attempts.map(attemptStep),
    ...received.flatMap((entry) => pendingSteps(entry, attempts)),
    ...deliveries.flatMap((delivery) => missedSteps(found, delivery)),
    ...actions.filter(({ subscription }) => subscription !== null).map(actionStep),
    ...received.flatMap((entry) => settledSteps(entry, actions)),
  ]
  // Whatever the clocks of two databases say, nothing comes before the commit. What has no time comes with what it follows.
  return [...published, ...later.toSorted((a, b) => timeOf(a) - timeOf(b)).map(({ after: _, ...each }) => each)]
}

/** `after`: the time of the step that one without a time follows. */
interface PlacedStep extends Step {
  readonly after?: Date
}

function timeOf({ at, after }: PlacedStep): number {
  return (at ?? after)?.getTime() ?? 0
}

function step(
  kind: StepKind,
  { store, subscription = null }: { readonly store: string; readonly subscription?: string | null },
  known: Partial<Omit<PlacedStep, 'kind' | 'store' | 'subscription'>>,
): PlacedStep {
  const unknown = { at: null, by: null, attempt: null, beganAt: null, code: null, error: null }
  return { kind, store, subscription, ...unknown, ...known }
}

function publishedSteps(found: FoundMessage, actions: readonly StoreRow<ActionEntry>[]): readonly Step[] {
  return found.sent.flatMap(({ store, source, createdAt, state, attempts, error }) => [
    step('published', { store }, { at: createdAt, by: source }),
    ...actions
      .filter((action) => action.store === store && action.subscription === null)
      .map(actionStep)
      .toReversed(),
    state === 'sent'
      ? step('sent', { store }, {})
      : step('unsent', { store }, { code: state, attempt: attempts, error }),
  ])
}

function attemptStep({ store, subscription, ...known }: StoreRow<FailedAttempt>): PlacedStep {
  const { attempt, beganAt, endedAt, state, error } = known
  if (endedAt === null) return step('lost', { store, subscription }, { at: beganAt, attempt, beganAt })
  return step(
    state === 'parked' ? 'parked' : 'failed',
    { store, subscription },
    { at: endedAt, attempt, beganAt, ...describe(error) },
  )
}

/** What the failure of a message says beyond its attempts: that it waits for its turn, or what failed before attempts were kept. */
function pendingSteps(
  { store, subscription, failure }: StoreRow<InboxEntry>,
  attempts: readonly StoreRow<FailedAttempt>[],
): readonly PlacedStep[] {
  if (failure === null) return []
  const { error, state, attempts: attempt, lastFailedAt: at } = failure
  const known = { at, ...describe(error) }
  if (error.code === ORDER_BLOCKED) return [step('waiting', { store, subscription }, known)]
  if (attempts.some((each) => each.store === store && each.subscription === subscription)) return []
  return [step(state === 'parked' ? 'parked' : 'failed', { store, subscription }, { ...known, attempt })]
}

function describe(error: FailedAttempt['error']): Pick<Step, 'code' | 'error'> {
  return error === null ? { code: null, error: null } : { code: error.code, error: `${error.type}: ${error.message}` }
}

function missedSteps(found: FoundMessage, { subscription, missed }: Delivery): readonly PlacedStep[] {
  const store = found.sent[0]?.store
  if (missed === null || store === undefined) return []
  const { state, suspectedAt, confirmedAt, cause, resends, error, settledAt, settledBy } = missed
  const where = { store, subscription }
  const after = confirmedAt ?? suspectedAt
  return [
    step('suspected', where, { at: suspectedAt }),
    ...(confirmedAt === null ? [] : [step('missing', where, { at: confirmedAt, code: cause })]),
    ...(resends > 0 ? [step('resent', where, { after, attempt: resends, error })] : []),
    ...(state === 'gave-up' ? [step('gave-up', where, { after })] : []),
    ...(state === 'recovered' || state === 'waived' ? [step(state, where, { at: settledAt, by: settledBy })] : []),
  ]
}

function actionStep({ store, subscription, at, actor, action }: StoreRow<ActionEntry>): PlacedStep {
  const kind = action === 'discard' ? 'discarded' : 'acted'
  return step(kind, { store, subscription }, { at, by: actor, code: action })
}

function settledSteps(
  { store, subscription, status, settledAt }: StoreRow<InboxEntry>,
  actions: readonly StoreRow<ActionEntry>[],
): readonly PlacedStep[] {
  if (status === 'handled') return [step('handled', { store, subscription }, { at: settledAt })]
  const isTold = actions.some(
    (each) => each.action === 'discard' && each.store === store && each.subscription === subscription,
  )
  return status === 'discarded' && !isTold ? [step('discarded', { store, subscription }, { at: settledAt })] : []
}
