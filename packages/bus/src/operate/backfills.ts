import { WarrenError } from '../errors.ts'
import { planBackfill } from '../reconcile/backfill-plan.ts'
import type { BackfillPlan, BackfillQuestion } from '../reconcile/backfill-plan.ts'
import type { Backfill } from '../store/contract/backfill.ts'
import type { NamedStore } from './named-store.ts'

/** Events per second of those that say no rate, unless the service does. */
export const DEFAULT_BACKFILL_RATE = 200
/** What an inbox remembers unless its service says otherwise: what is older than that is parked there. */
export const DEFAULT_INBOX_DAYS = 30

/** What one publisher's store would send. */
export interface OfferedBackfill extends Extract<BackfillPlan, { readonly kind: 'plan' }> {
  readonly store: NamedStore
}

export type BackfillOffer =
  | { readonly kind: 'offer'; readonly plans: readonly OfferedBackfill[]; readonly total: number }
  /** None of the publishers has heard of the subscription. */
  | { readonly kind: 'unknown'; readonly known: readonly string[]; readonly suggestion: string | null }
  /** It takes nothing any more. */
  | { readonly kind: 'retired' }
  /** It cannot tell what it has had, and would handle it again. */
  | { readonly kind: 'no-inbox' }

/**
 * What a backfill would send, of each publisher that has events which match; changes nothing. Throws PATTERN_INVALID, and
 * PATTERN_MATCHES_NOTHING for a pattern that matches in none of the stores.
 */
export async function offerBackfill(stores: readonly NamedStore[], question: BackfillQuestion): Promise<BackfillOffer> {
  const answers = await Promise.all(
    stores.map(async (store) => ({ store, plan: await planBackfill(store.store.reconciliation, question) })),
  )
  const plans = answers.flatMap(({ store, plan }) => (plan.kind === 'plan' ? [{ store, ...plan }] : []))
  const [first] = plans
  if (first === undefined) return refusal(answers.map(({ plan }) => plan))
  for (const pattern of question.patterns) {
    if (plans.some(({ idle }) => !idle.includes(pattern))) continue
    throw new WarrenError(
      'PATTERN_MATCHES_NOTHING',
      `no event of that time matches "${pattern}" and what "${question.subscription}" takes: ${first.subscribed.join(' ')}`,
      { subscription: question.subscription, pattern },
    )
  }
  const total = plans.reduce((sum, { counted }) => sum + counted.total, 0)
  return { kind: 'offer', plans: plans.filter(({ counted }) => counted.total > 0), total }
}

function refusal(plans: readonly BackfillPlan[]): BackfillOffer {
  if (plans.some(({ kind }) => kind === 'retired')) return { kind: 'retired' }
  if (plans.some(({ kind }) => kind === 'no-inbox')) return { kind: 'no-inbox' }
  const unknown = plans.flatMap((plan) => (plan.kind === 'unknown' ? [plan] : []))
  const known = [...new Set(unknown.flatMap((plan) => plan.known))].sort()
  return { kind: 'unknown', known, suggestion: unknown.find((plan) => plan.suggestion !== null)?.suggestion ?? null }
}

export interface StoredBackfill {
  readonly store: NamedStore
  readonly backfill: Backfill
}

/** Begins what was offered: each publisher's service sends its part. Written down in the action log of each. */
export async function requestBackfills(
  plans: readonly OfferedBackfill[],
  request: Pick<BackfillQuestion, 'subscription' | 'range'> & {
    /** Events per second; null: the service's own. */
    readonly rate: number | null
    readonly requestedBy: string
  },
): Promise<readonly StoredBackfill[]> {
  const requested: StoredBackfill[] = []
  for (const { store, patterns, counted } of plans) {
    const backfill = await store.store.reconciliation.backfill.request({ ...request, patterns, counted })
    requested.push({ store, backfill })
  }
  return requested
}

/** The backfill and the store that it is in; null when it is in none of them. */
export async function findBackfill(stores: readonly NamedStore[], id: string): Promise<StoredBackfill | null> {
  for (const store of stores) {
    const backfill = await store.store.reconciliation.backfill.find(id)
    if (backfill !== null) return { store, backfill }
  }
  return null
}

/** How long it will take at its present pace; null when it is over, or nothing tells yet. */
export function remainingMs({
  state,
  sent,
  total,
  pace,
}: Pick<Backfill, 'state' | 'sent' | 'total' | 'pace'>): number | null {
  if (state !== 'running' || total === null || pace === null || pace <= 0) return null
  return (Math.max(0, total - sent) / pace) * 1000
}
