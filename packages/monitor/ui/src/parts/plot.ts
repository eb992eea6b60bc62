import type uPlot from 'uplot'

export interface Line {
  readonly key: string
  readonly label: string
  /** A value for each time; null where nothing was measured. */
  readonly values: readonly (number | null)[]
  /** Which of the colours and dashes; see `.looks` in styles.css. */
  readonly look: number
}

/** Lines are told apart by their dashes as well, for those who do not see colours. */
const dashes: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3]]

export function dashOf(look: number): readonly number[] {
  return dashes[look % dashes.length] ?? []
}

export const PLOT_HEIGHT = 190

export interface PlotOptions {
  readonly host: HTMLElement
  readonly lines: readonly Line[]
  /** The elements whose computed colours lines have: a canvas knows no variables, and they follow the theme by themselves. */
  readonly colourOf: (index: number) => string
  /** What may lie between two lines of the grid, the least first: what reads well in this unit. */
  readonly steps: readonly number[]
  readonly formatValue: (value: number) => string
  readonly formatTime: (timeMs: number) => string
  /** The place of the pointer among the times; null when it is not on the plot. */
  readonly onPoint: (index: number | null) => void
}

/** A chart of lines over time; follows the width of its host until it is destroyed. What draws it is loaded with the first one. */
export async function makePlot(options: PlotOptions): Promise<uPlot> {
  const { default: Plot } = await import('uplot')
  const { host, lines, colourOf, steps, formatValue, formatTime, onPoint } = options
  const styleOf = (): CSSStyleDeclaration => getComputedStyle(host)
  const axis: uPlot.Axis = {
    stroke: () => styleOf().color,
    grid: { stroke: () => styleOf().borderTopColor, width: 1 },
    ticks: { stroke: () => styleOf().borderTopColor, width: 1, size: 4 },
    font: '12px system-ui, sans-serif',
  }
  const plot = new Plot(
    {
      width: Math.max(1, host.clientWidth),
      height: PLOT_HEIGHT,
      padding: [10, 10, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 7 } },
      scales: {
        x: { time: true },
        y: { range: (_plot, _least, most: number | null) => [0, topOf(most, steps[0] ?? 1)] },
      },
      axes: [
        {
          ...axis,
          size: 30,
          space: 70,
          values: (_plot, splits) => splits.map((seconds) => formatTime(seconds * 1_000)),
        },
        { ...axis, size: 58, incrs: [...steps], values: (_plot, splits) => splits.map(formatValue) },
      ],
      series: [
        {},
        ...lines.map(({ label, look }, index) => ({
          label,
          stroke: () => colourOf(index),
          width: 1.75,
          dash: [...dashOf(look)],
          points: { show: true, size: 5, fill: () => colourOf(index), filter: lonePoints },
        })),
      ],
      hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
    },
    [[], ...lines.map(() => [])],
    host,
  )
  const observer = new ResizeObserver(() => plot.setSize({ width: Math.max(1, host.clientWidth), height: PLOT_HEIGHT }))
  observer.observe(host)
  const stopFollowing = onThemeChange(() => plot.redraw(false, true))
  const destroy = plot.destroy.bind(plot)
  plot.destroy = () => {
    observer.disconnect()
    stopFollowing()
    destroy()
  }
  return plot
}

/** A value between two gaps has no line to be seen by. */
function lonePoints(plot: uPlot, seriesIndex: number): number[] {
  const values: (number | null | undefined)[] = Array.from(plot.data[seriesIndex] ?? [])
  return values.flatMap((value, index) =>
    value != null && values[index - 1] == null && values[index + 1] == null ? [index] : [],
  )
}

/** Some room above the highest value; a chart of nothing but zeros has its line on the ground. */
function topOf(most: number | null, step: number): number {
  return Math.max((most ?? 0) * 1.1, step * 4)
}

const tens = Array.from({ length: 10 }, (_, exponent) => 10 ** exponent)

export const countSteps: readonly number[] = tens.flatMap((ten) => [ten, 2 * ten, 5 * ten])
export const rateSteps: readonly number[] = [0.1, 0.2, 0.5, ...countSteps]
const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000]
export const durationSteps: readonly number[] = [
  ...countSteps.filter((ms) => ms < SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((many) => many * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((many) => many * MINUTE_MS),
  ...[1, 2, 3, 6, 12, ...tens.map((ten) => 24 * ten)].map((many) => many * HOUR_MS),
]

/** The reader's choice, or, as long as there is none, the system's. */
function onThemeChange(redraw: () => void): () => void {
  const chosen = new MutationObserver(redraw)
  chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', redraw)
  return () => {
    chosen.disconnect()
    system.removeEventListener('change', redraw)
  }
}
