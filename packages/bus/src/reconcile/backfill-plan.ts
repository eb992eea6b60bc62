import { nearest } from '../catalog/nearest.ts'
import { matches, parsePattern } from '../catalog/pattern.ts'
import type { ReconciliationStore, TimeRange } from '../store/contract/reconciliation.ts'
import { countMatching, totalOf } from './backfill-count.ts'

export interface BackfillQuestion {
  readonly subscription: string
  /** Of what the subscription takes, these alone; none: all that it takes. */
  readonly patterns: readonly string[]
  readonly range: TimeRange
}

export type BackfillPlan =
  /** This publisher has never heard of the subscription. */
  | { readonly kind: 'unknown'; readonly known: readonly string[]; readonly suggestion: string | null }
  /** It takes nothing any more. */
  | { readonly kind: 'retired' }
  /** It cannot tell what it has had. */
  | { readonly kind: 'no-inbox' }
  | {
      readonly kind: 'plan'
      readonly patterns: readonly string[]
      /** What the subscription takes. */
      readonly subscribed: readonly string[]
      /** Events of the ledger by name, sent or not. */
      readonly counts: ReadonlyMap<string, number>
      readonly counted: { readonly names: readonly string[]; readonly total: number }
      /** Of the question's patterns, those that match no event. */
      readonly idle: readonly string[]
    }

/** Says what a backfill would send, and changes nothing. Throws PATTERN_INVALID. */
export async function planBackfill(
  store: Pick<ReconciliationStore, 'registry' | 'backfill'>,
  question: BackfillQuestion,
): Promise<BackfillPlan> {
  for (const pattern of question.patterns) parsePattern(pattern)
  const registered = await store.registry.list()
  const subscription = registered.find(({ name }) => name === question.subscription)
  if (subscription === undefined) {
    const known = registered.map(({ name }) => name)
    return { kind: 'unknown', known, suggestion: nearest(question.subscription, known) ?? null }
  }
  if (subscription.retired !== null) return { kind: 'retired' }
  if (!subscription.hasInbox) return { kind: 'no-inbox' }
  const subscribed = subscription.periods.findLast(({ toMs }) => toMs === null)?.patterns ?? []
  const patterns = question.patterns.length === 0 ? subscribed : question.patterns
  const counts = await countMatching(store.backfill, question.range, [subscribed, patterns])
  const counted = totalOf(counts)
  const idle = question.patterns.filter((pattern) => !counted.names.some((name) => matches(pattern, name)))
  return { kind: 'plan', patterns, subscribed, counts, counted, idle }
}
