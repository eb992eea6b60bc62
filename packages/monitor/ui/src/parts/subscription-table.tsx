import type { ReactNode } from 'react'
import type { OverviewSubscription } from '../../../src/reads/overview.ts'
import { count, duration } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { SubscriptionLink } from '../pages/subscriptions.tsx'
import { Moment } from './moment.tsx'
import { StateMark } from './state-mark.tsx'
import { Table } from './table.tsx'

export function SubscriptionTable({
  subscriptions,
}: {
  readonly subscriptions: readonly OverviewSubscription[]
}): ReactNode {
  const { t, language } = useLanguage()
  const { columns } = t.overview
  const number = (heading: string, value: (row: OverviewSubscription) => number) => ({
    heading,
    isNumber: true,
    cell: (row: OverviewSubscription) => count(value(row), language),
  })
  return (
    <Table
      label={t.overview.subscriptions}
      rows={subscriptions}
      keyOf={({ store, subscription }) => `${store} ${subscription}`}
      columns={[
        { heading: columns.subscription, cell: ({ subscription }) => <SubscriptionLink name={subscription} /> },
        { heading: columns.state, cell: ({ state, problems }) => <StateMark state={state} problems={problems} /> },
        { heading: columns.provenThrough, cell: ({ provenThrough }) => <Moment iso={provenThrough} /> },
        {
          heading: columns.roundTrip,
          isNumber: true,
          cell: ({ roundTripMs }) => (roundTripMs === null ? '' : duration(roundTripMs)),
        },
        number(columns.deliveries, ({ deliveries }) => deliveries),
        number(columns.missing, ({ missing }) => missing),
        number(columns.recovered, ({ recovered }) => recovered),
        number(columns.retrying, ({ retrying }) => retrying),
        number(columns.parked, ({ parked }) => parked),
        { heading: columns.service, cell: ({ service }) => service },
        { heading: columns.publisher, cell: ({ store }) => store },
      ]}
    />
  )
}
