import { useSearch } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { ReactNode } from 'react'
import type { ConsumersReply, SubscriptionChartsReply } from '../../../src/charts/reply.ts'
import { useApi } from '../api/use-api.ts'
import { count, duration } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { ChartProblems } from '../parts/chart-problems.tsx'
import { ErrorNote } from '../parts/error-note.tsx'
import { FAILED_LOOK, FlowChart, latencyLines } from '../parts/flow-chart.tsx'
import type { FlowLines } from '../parts/flow-chart.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { RangeChoice } from '../parts/range-choice.tsx'
import { Table } from '../parts/table.tsx'

const none: readonly number[] = []

/** How fast one subscription is, and what waits for it. */
export function SubscriptionCharts({ name }: { readonly name: string }): ReactNode {
  const { t } = useLanguage()
  const { range = '15m' } = useSearch({ from: '/subscriptions/$name' })
  const query = useApi<SubscriptionChartsReply>(`subscriptions/${encodeURIComponent(name)}/charts`, { range })
  const { data, error, refetch } = query
  const times = data?.times ?? none
  const lines = useMemo(() => linesOf(data, t.charts), [data, t])
  return (
    <section aria-labelledby="over-time">
      <div className="heading">
        <h2 id="over-time">{t.charts.heading}</h2>
        <RangeChoice range={range} subscription={name} />
      </div>
      {error === null ? null : <ErrorNote error={error} onRetry={() => void refetch()} />}
      <ChartProblems problems={data?.problems ?? []} />
      {data !== undefined && data.latency === null ? <p className="hint">{t.charts.noInbox}</p> : null}
      {data?.handlingMs == null ? null : <p className="hint">{t.charts.handling(duration(data.handlingMs))}</p>}
      <div className="charts">
        <FlowChart kind="latency" times={times} lines={lines} />
        <FlowChart kind="lag" times={times} lines={lines} />
        <FlowChart kind="flow" times={times} lines={lines} />
      </div>
    </section>
  )
}

function linesOf(
  data: SubscriptionChartsReply | undefined,
  t: { readonly waiting: string; readonly inHand: string; readonly handled: string; readonly failed: string },
): FlowLines {
  return {
    latency: latencyLines(data?.latency),
    lag: [
      { key: 'waiting', label: t.waiting, values: data?.lag.waiting ?? [], look: 0 },
      { key: 'inHand', label: t.inHand, values: data?.lag.inHand ?? [], look: 1 },
    ],
    flow: [
      { key: 'handled', label: t.handled, values: data?.flow.handled ?? [], look: 1 },
      { key: 'failed', label: t.failed, values: data?.flow.failed ?? [], look: FAILED_LOOK },
    ],
  }
}

/** Which processes have its queue, as the broker sees them. */
export function Consumers({ name }: { readonly name: string }): ReactNode {
  const { t, language } = useLanguage()
  const query = useApi<ConsumersReply>(`subscriptions/${encodeURIComponent(name)}/consumers`)
  return (
    <section>
      <h2>{t.charts.consumers}</h2>
      <Loaded query={query}>
        {({ consumers, problems }) => (
          <>
            <ChartProblems problems={problems} />
            {consumers === null ? null : consumers.length === 0 ? (
              <p className="hint">{t.charts.noConsumers}</p>
            ) : (
              <Table
                label={t.charts.consumers}
                rows={consumers}
                keyOf={({ channel, tag }) => `${channel} ${tag}`}
                columns={[
                  { heading: t.charts.connection, cell: ({ connection }) => connection },
                  { heading: t.cluster.node, cell: ({ node }) => node ?? '' },
                  {
                    heading: t.fields.state,
                    cell: ({ isActive }) => (isActive ? t.charts.active : t.charts.standsBy),
                  },
                  {
                    heading: t.charts.prefetch,
                    cell: ({ prefetch }) => (prefetch === 0 ? t.charts.unlimited : count(prefetch, language)),
                    isNumber: true,
                  },
                  {
                    heading: t.charts.acknowledges,
                    cell: ({ acknowledges }) => (acknowledges ? t.overview.yes : t.overview.no),
                  },
                  { heading: t.charts.user, cell: ({ user }) => user ?? '' },
                  { heading: t.charts.tag, cell: ({ tag }) => tag },
                ]}
              />
            )}
          </>
        )}
      </Loaded>
    </section>
  )
}
