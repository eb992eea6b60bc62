import type { ReactNode } from 'react'
import { count, duration, rate } from '../i18n/format.ts'
import type { Language } from '../i18n/language.tsx'
import { useLanguage } from '../i18n/language.tsx'
import { Chart } from './chart.tsx'
import { countSteps, durationSteps, rateSteps } from './plot.ts'
import type { Line } from './plot.ts'

/** What is shown over time, of everything and of one subscription alike. */
export type FlowKind = 'flow' | 'latency' | 'lag'
export type FlowLines = Readonly<Record<FlowKind, readonly Line[]>>

/** Of the line for failures, in every chart that has one. */
export const FAILED_LOOK = 7

const measures: Readonly<
  Record<
    FlowKind,
    { readonly steps: readonly number[]; readonly format: (value: number, language: Language) => string }
  >
> = {
  flow: { steps: rateSteps, format: rate },
  latency: { steps: durationSteps, format: duration },
  lag: { steps: countSteps, format: count },
}

interface FlowChartProps {
  readonly kind: FlowKind
  readonly times: readonly number[]
  readonly lines: FlowLines
  /** Default: what the figure is. */
  readonly hint?: string | undefined
}

export function FlowChart({ kind, times, lines, hint }: FlowChartProps): ReactNode {
  const { t, language } = useLanguage()
  const { steps, format } = measures[kind]
  return (
    <Chart
      label={t.charts[kind]}
      hint={hint ?? t.charts[`${kind}Hint`]}
      times={times}
      lines={lines[kind]}
      steps={steps}
      format={(value) => format(value, language)}
    />
  )
}

type Percentiles = Readonly<Record<'p50' | 'p95' | 'p99', readonly (number | null)[]>>

/** Null or undefined: nothing is known of it, yet or at all. */
export function latencyLines(latency: Percentiles | null | undefined): readonly Line[] {
  return (['p50', 'p95', 'p99'] as const).map((key, look) => ({ key, label: key, look, values: latency?.[key] ?? [] }))
}
