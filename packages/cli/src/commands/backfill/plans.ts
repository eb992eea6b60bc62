import { planBackfill, WarrenError } from '@warren/bus'
import type { BackfillPlan, BackfillQuestion } from '@warren/bus'
import { CliError } from '../../errors.ts'
import type { NamedStore } from '../../stores.ts'

type Plan = Extract<BackfillPlan, { readonly kind: 'plan' }>

export interface StorePlan extends Plan {
  readonly store: NamedStore
}

/**
 * What each publisher's store would send; only those with events that match. Throws SUBSCRIPTION_UNKNOWN, BACKFILL_REFUSED,
 * PATTERN_INVALID, and PATTERN_MATCHES_NOTHING for a pattern that matches in none of them.
 */
export async function planBackfills(
  stores: readonly NamedStore[],
  question: BackfillQuestion,
): Promise<readonly StorePlan[]> {
  const answers = await Promise.all(
    stores.map(async (store) => ({ store, plan: await planBackfill(store.store.reconciliation, question) })),
  )
  const plans = answers.flatMap(({ store, plan }) => (plan.kind === 'plan' ? [{ store, ...plan }] : []))
  const [first] = plans
  if (first === undefined)
    throw noPlan(
      question.subscription,
      answers.map(({ plan }) => plan),
    )
  for (const pattern of question.patterns) {
    if (plans.some(({ idle }) => !idle.includes(pattern))) continue
    throw new WarrenError(
      'PATTERN_MATCHES_NOTHING',
      `no event of that time matches "${pattern}" and what "${question.subscription}" takes: ${first.subscribed.join(' ')}`,
      { subscription: question.subscription, pattern },
    )
  }
  return plans.filter(({ counted }) => counted.total > 0)
}

function noPlan(subscription: string, plans: readonly BackfillPlan[]): CliError {
  if (plans.some(({ kind }) => kind === 'retired'))
    return new CliError('BACKFILL_REFUSED', `the subscription "${subscription}" is retired: it takes nothing any more`)
  if (plans.some(({ kind }) => kind === 'no-inbox')) {
    return new CliError(
      'BACKFILL_REFUSED',
      `the subscription "${subscription}" keeps no inbox: what it has had it would handle again`,
    )
  }
  const unknown = plans.flatMap((plan) => (plan.kind === 'unknown' ? [plan] : []))
  const known = [...new Set(unknown.flatMap((plan) => plan.known))].sort()
  const suggestion = unknown.find((plan) => plan.suggestion !== null)?.suggestion
  const advice =
    suggestion != null
      ? `did you mean "${suggestion}"?`
      : known.length > 0
        ? `they know ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}`
        : 'name the store of the service that publishes the events, with --store'
  return new CliError('SUBSCRIPTION_UNKNOWN', `these stores know no subscription "${subscription}"; ${advice}`)
}
