import type { ReactNode } from 'react'
import type { OverviewSubscription } from '../../../src/reads/overview.ts'
import { count } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from './action.tsx'

/** What an operator may tell the breaker of a subscription at one publisher: what makes sense now. */
export function BreakerActions({
  of: { store, subscription, order, breaker, missing },
}: {
  readonly of: OverviewSubscription
}): ReactNode {
  const { t, language } = useLanguage()
  const texts = t.compensation
  const path = `subscriptions/${encodeURIComponent(subscription)}/breaker`
  const isHeld = order?.order === 'hold'
  const tell = (which: keyof typeof texts.orders): ReactNode => (
    <Action
      label={texts.orders[which].label}
      path={path}
      body={{ store, order: which }}
      sure={texts.orders[which].sure(subscription, count(missing, language))}
      done={() => texts.saved}
    />
  )
  return (
    <div className="buttons">
      {isHeld ? null : tell('hold')}
      {breaker === null && !isHeld ? null : tell('close')}
      {breaker === null ? null : tell('try')}
      {order === null ? null : tell('release')}
    </div>
  )
}
