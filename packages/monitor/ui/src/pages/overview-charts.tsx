import { useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { ReactNode } from 'react'
import type { ChartsReply } from '../../../src/charts/reply.ts'
import { useApi } from '../api/use-api.ts'
import { count, duration } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { ChartProblems } from '../parts/chart-problems.tsx'
import { ErrorNote } from '../parts/error-note.tsx'
import { FAILED_LOOK, FlowChart, latencyLines } from '../parts/flow-chart.tsx'
import type { FlowLines } from '../parts/flow-chart.tsx'
import { RangeChoice } from '../parts/range-choice.tsx'
import { Table } from '../parts/table.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

const ALL_LOOK = 8
const none: readonly number[] = []

/** What flows, how fast, and what waits. The charts have their places before there is anything in them. */
export function OverviewCharts(): ReactNode {
  const { t, language } = useLanguage()
  const { range = '15m' } = useSearch({ strict: false })
  const { data, error, refetch } = useApi<ChartsReply>('charts', { range })
  const times = data?.times ?? none
  const lines = useMemo(() => linesOf(data, t.charts), [data, t])
  return (
    <section aria-labelledby="over-time">
      <div className="heading">
        <h2 id="over-time">{t.charts.heading}</h2>
        <RangeChoice range={range} />
      </div>
      {error === null ? null : <ErrorNote error={error} onRetry={() => void refetch()} />}
      <ChartProblems problems={data?.problems ?? []} />
      <div className="charts">
        <FlowChart kind="flow" times={times} lines={lines} />
        <FlowChart kind="latency" times={times} lines={lines} hint={data && latencyHint(data.latency)} />
        <FlowChart kind="lag" times={times} lines={lines} />
      </div>
      {data === undefined || data.lag.queues.length === 0 ? null : (
        <>
          <h3>{t.charts.lagNow}</h3>
          <LagTable charts={data} />
        </>
      )}
    </section>
  )

  function latencyHint({ samples, subscriptions: { read, of } }: ChartsReply['latency']): string {
    const number = (value: number): string => count(value, language)
    return `${t.charts.latencyHint} ${t.charts.sampled(number(samples), number(read), number(of))}`
  }
}

function linesOf(
  data: ChartsReply | undefined,
  t: { readonly published: string; readonly handled: string; readonly failed: string; readonly all: string },
): FlowLines {
  const queues = (data?.lag.queues ?? []).filter(({ series }) => series !== null)
  return {
    flow: [
      { key: 'published', label: t.published, values: data?.flow.published ?? [], look: 0 },
      { key: 'handled', label: t.handled, values: data?.flow.handled ?? [], look: 1 },
      { key: 'failed', label: t.failed, values: data?.flow.failed ?? [], look: FAILED_LOOK },
    ],
    latency: latencyLines(data?.latency),
    lag: [
      ...queues.map(({ cluster, subscription, series }, look) => ({
        ...{ key: `${cluster} ${subscription}`, label: subscription, values: series ?? [], look: look % ALL_LOOK },
      })),
      { key: '', label: t.all, values: data?.lag.all ?? [], look: ALL_LOOK },
    ],
  }
}

function LagTable({ charts: { at, lag } }: { readonly charts: ChartsReply }): ReactNode {
  const { t, language } = useLanguage()
  const number = (value: number | null): string => (value === null ? t.charts.nothing : count(value, language))
  return (
    <Table
      label={t.charts.lagNow}
      rows={lag.queues}
      keyOf={({ cluster, subscription }) => `${cluster} ${subscription}`}
      columns={[
        { heading: t.fields.subscription, cell: ({ subscription }) => <SubscriptionLink name={subscription} /> },
        { heading: t.charts.columns.waiting, cell: ({ waiting }) => number(waiting), isNumber: true },
        { heading: t.charts.columns.inHand, cell: ({ inHand }) => number(inHand), isNumber: true },
        {
          heading: t.charts.columns.oldest,
          isNumber: true,
          cell: ({ waitingSince }) =>
            waitingSince === null ? '' : duration(Math.max(0, Date.parse(at) - Date.parse(waitingSince))),
        },
        { heading: t.fields.queue, cell: ({ queue }) => queue },
      ]}
    />
  )
}
