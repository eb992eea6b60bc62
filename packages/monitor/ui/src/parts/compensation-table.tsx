import type { ReactNode } from 'react'
import type { CompensationReply, SettingsReply } from '../../../src/reads/compensation.ts'
import type { OverviewSubscription } from '../../../src/reads/overview.ts'
import { count, duration, percent, rate } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Moment } from './moment.tsx'
import { Properties } from './properties.tsx'
import { Table } from './table.tsx'
import type { Column } from './table.tsx'

export interface CompensationRow {
  readonly store: string
  /** What the row is about: a subscription, or all of a publisher. */
  readonly name: ReactNode
  readonly key: string
  readonly compensation: CompensationReply
  /** Null where the row is of no subscription. */
  readonly subscription: OverviewSubscription | null
}

/** What missing events are resent with, what was resent lately, and what the breaker does and why. */
export function CompensationTable({ rows }: { readonly rows: readonly CompensationRow[] }): ReactNode {
  const { t } = useLanguage()
  const columns = useColumns()
  return (
    <Table
      label={t.compensation.heading}
      rows={rows}
      keyOf={({ key }) => key}
      columns={[
        { heading: t.fields.subscription, cell: ({ name }) => name },
        ...columns,
        { heading: t.overview.columns.publisher, cell: ({ store }) => store },
      ]}
    />
  )
}

/** The same of one row. */
export function CompensationProperties({ row }: { readonly row: CompensationRow }): ReactNode {
  return <Properties of={useColumns().map(({ heading, cell }) => [heading, cell(row)] as const)} />
}

type Setting = keyof SettingsReply

function useColumns(): readonly Column<CompensationRow>[] {
  const { t, language } = useLanguage()
  const texts = t.compensation
  const of = (heading: string, show: (settings: SettingsReply) => string): Column<CompensationRow> => ({
    heading,
    cell: ({ compensation: { settings } }) => (settings === null ? texts.unknown : show(settings)),
  })
  const number = (heading: string, value: (compensation: CompensationReply) => string): Column<CompensationRow> => ({
    heading,
    isNumber: true,
    cell: ({ compensation }) => value(compensation),
  })
  return [
    of(texts.mode, ({ mode }) => texts.modes[mode]),
    { heading: texts.breaker, cell: ({ subscription }) => breakerOf(subscription), isWide: true },
    number(texts.allowed, ({ allowedPerSecond, hasOwnBudget }) =>
      allowedPerSecond === null
        ? texts.unknown
        : `${rate(allowedPerSecond, language)}${hasOwnBudget ? ` ${texts.own}` : ''}`,
    ),
    number(texts.lastMinute, ({ resentLastMinute }) => count(resentLastMinute, language)),
    number(texts.lastHour, ({ resentLastHour }) => count(resentLastHour, language)),
    of(texts.budget, ({ share, minPerSecond }) =>
      texts.budgetOf(percent(share, language), rate(minPerSecond, language)),
    ),
    of(texts.opens, ({ maxMissingShare, minMissing, maxUnansweredMs }) =>
      texts.opensAt(percent(maxMissingShare, language), count(minMissing, language), duration(maxUnansweredMs)),
    ),
    { heading: texts.set, cell: ({ compensation }) => <SetText compensation={compensation} />, isWide: true },
  ]

  function breakerOf(subscription: OverviewSubscription | null): string {
    if (subscription === null) return ''
    const { breaker, breakerCause, order } = subscription
    const told = order === null ? null : texts.told[order.order](order.by)
    // While nothing is missing it is closed all the same, which is not what to read first.
    if (told !== null && order?.order === 'hold') return breaker === null ? told : texts.open(told)
    const why = breakerCause === null ? (breaker ?? '') : texts.causes[breakerCause](breaker ?? '')
    const state = breaker === null ? texts.closed : texts.open(why)
    return told === null ? state : `${state}; ${told}`
  }
}

function SetText({ compensation: { set } }: Pick<CompensationRow, 'compensation'>): ReactNode {
  const { t } = useLanguage()
  if (set === null) return t.compensation.nothing
  const names = (Object.keys(set.settings) as Setting[]).map((name) => t.compensation.names[name])
  return (
    <>
      {names.join(', ')} {t.watch.by(set.by)}, <Moment iso={set.at} />
    </>
  )
}
