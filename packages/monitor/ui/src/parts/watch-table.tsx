import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { OverviewWatch } from '../../../src/reads/watches.ts'
import { count } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Moment } from './moment.tsx'
import { Table } from './table.tsx'
import { alarmText, WatchState } from './watch-state.tsx'

/** Watches, one a line, each with a link to its page. */
export function WatchTable({ watches }: { readonly watches: readonly OverviewWatch[] }): ReactNode {
  const { t, language } = useLanguage()
  const number = (heading: string, value: (watch: OverviewWatch) => number) => ({
    heading,
    isNumber: true,
    cell: (watch: OverviewWatch) => count(value(watch), language),
  })
  return (
    <Table
      label={t.watch.heading}
      rows={watches}
      keyOf={({ name }) => name}
      columns={[
        {
          heading: t.watch.name,
          cell: ({ name }) => (
            <Link to="/watches/$name" params={{ name }}>
              {name}
            </Link>
          ),
        },
        { heading: t.fields.state, cell: (watch) => <WatchState watch={watch} /> },
        { heading: t.watch.phase, cell: ({ phase }) => t.watch.phases[phase] },
        number(t.watch.sent, ({ sent }) => sent),
        number(t.watch.waiting, ({ waiting }) => waiting),
        number(t.watch.parked, ({ parked }) => parked),
        number(t.watch.missing, ({ missing }) => missing),
        { heading: t.watch.alarm, cell: (watch) => alarmText(watch, t, language), isWide: true },
        { heading: t.watch.from, cell: ({ from }) => <Moment iso={from} /> },
        { heading: t.watch.to, cell: ({ to }) => <Moment iso={to} /> },
      ]}
    />
  )
}
