import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { OverviewSubscription } from '../../../src/reads/overview.ts'
import type { UnreachableStore } from '../../../src/reads/answering.ts'
import { useApi } from '../api/use-api.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { SubscriptionTable } from '../parts/subscription-table.tsx'

interface Reply {
  readonly rows: readonly OverviewSubscription[]
  readonly unreachable: readonly UnreachableStore[]
}

export function SubscriptionsPage(): ReactNode {
  const { t } = useLanguage()
  const query = useApi<Reply>('subscriptions')
  return (
    <>
      <h1>{t.nav.subscriptions}</h1>
      <Loaded query={query}>
        {({ rows, unreachable }) =>
          rows.length === 0 && unreachable.length > 0 ? null : rows.length === 0 ? (
            <div className="verdict empty">
              <p>{t.subscription.empty}</p>
              <p className="hint">{t.overview.nothingHint}</p>
            </div>
          ) : (
            <SubscriptionTable subscriptions={rows} />
          )
        }
      </Loaded>
    </>
  )
}

export function SubscriptionLink({ name }: { readonly name: string }): ReactNode {
  return (
    <Link to="/subscriptions/$name" params={{ name }}>
      {name}
    </Link>
  )
}
