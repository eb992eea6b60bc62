import type { CompensationOverride, CompensationRows, CompensationSettings } from '../store/contract/compensation.ts'

/** Where a setting comes from: the code of the service, what is set for all subscriptions, or for this one. */
export type SettingOrigin = 'code' | 'all' | 'one'

export interface InEffect {
  readonly settings: CompensationSettings
  readonly origins: Readonly<Record<keyof CompensationSettings, SettingOrigin>>
  /** False: it shares the budget with all others that have none of their own. */
  readonly hasOwnBudget: boolean
}

/** What compensation works with at a subscription, or where nothing is set for one (null). */
export function settingsInEffect(
  code: CompensationSettings,
  { all, ones }: Pick<CompensationRows, 'all' | 'ones'>,
  subscription: string | null,
): InEffect {
  const one = subscription === null ? undefined : ones.get(subscription)
  const from = (origin: SettingOrigin, override: CompensationOverride | null | undefined) =>
    Object.fromEntries(Object.keys(override?.set ?? {}).map((name) => [name, origin]))
  return {
    settings: { ...code, ...all?.set, ...one?.set },
    origins: {
      ...{ mode: 'code', share: 'code', minPerSecond: 'code' },
      ...{ maxMissingShare: 'code', minMissing: 'code', maxUnansweredMs: 'code' },
      ...from('all', all),
      ...from('one', one),
    },
    hasOwnBudget: one?.set.share !== undefined || one?.set.minPerSecond !== undefined,
  }
}
