import { useEffect, useId, useRef, useState } from 'react'
import type { ReactNode } from 'react'
import type uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { clock } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { dashOf, makePlot } from './plot.ts'
import type { Line } from './plot.ts'
import { Table } from './table.tsx'

interface ChartProps {
  readonly label: string
  readonly hint: string
  /** Milliseconds since the epoch. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  readonly steps: readonly number[]
  readonly format: (value: number) => string
}

/** Lines over time: drawn, told by the legend at the pointer or as they are now, and as a table that can be opened. */
export function Chart({ label, hint, times, lines, steps, format }: ChartProps): ReactNode {
  const { t } = useLanguage()
  const [pointed, setPointed] = useState<number | null>(null)
  const [isOpen, setIsOpen] = useState(false)
  const heading = useId()
  const hasSeconds = times.some((time) => time % 60_000 !== 0)
  const legend = useRef<HTMLUListElement>(null)
  const said = (value: number | null | undefined): string => (value == null ? t.charts.nothing : format(value))
  const valueOf = ({ values }: Line): number | null | undefined =>
    pointed === null ? values.findLast((value) => value !== null) : values[pointed]
  const summary = lines.map((line) => `${line.label} ${said(line.values.findLast((value) => value !== null))}`)
  return (
    <figure className="chart" aria-labelledby={heading}>
      <figcaption>
        <h3 id={heading}>{label}</h3>
        <p className="hint">{hint}</p>
      </figcaption>
      <div role="img" aria-label={`${label}. ${t.charts.now}: ${summary.join(', ')}`}>
        <Plot times={times} lines={lines} steps={steps} format={format} legend={legend} onPoint={setPointed} />
      </div>
      <ul className="legend" ref={legend}>
        {lines.map((line) => (
          <li key={line.key} className={`looks look-${line.look}`}>
            <svg aria-hidden viewBox="0 0 24 6" width="24" height="6">
              <path d="M0 3h24" strokeDasharray={dashOf(line.look).join(' ') || undefined} />
            </svg>
            <span>{line.label}</span> <strong>{said(valueOf(line))}</strong>
          </li>
        ))}
        <li className="at">
          {pointed === null || times[pointed] === undefined ? '' : clock(times[pointed], hasSeconds)}
        </li>
      </ul>
      <details open={isOpen} onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary>{t.charts.asTable}</summary>
        {isOpen ? (
          <Table
            label={t.charts.tableOf(label)}
            rows={times.map((time, index) => ({ time, index })).toReversed()}
            keyOf={({ time }) => String(time)}
            columns={[
              { heading: t.charts.time, cell: ({ time }) => clock(time, hasSeconds) },
              ...lines.map((line) => ({
                heading: line.label,
                isNumber: true,
                cell: ({ index }: { readonly index: number }) => said(line.values[index]),
              })),
            ]}
          />
        ) : null}
      </details>
    </figure>
  )
}

interface PlotProps extends Pick<ChartProps, 'times' | 'lines' | 'steps' | 'format'> {
  readonly legend: React.RefObject<HTMLUListElement | null>
  readonly onPoint: (index: number | null) => void
}

/** Made anew only for other lines: what changes every few seconds is the data, and the pointer stays where it is. */
function Plot({ times, lines, steps, format, legend, onPoint }: PlotProps): ReactNode {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef({ times, lines, format })
  latest.current = { times, lines, format }
  const shape = JSON.stringify(lines.map(({ key, look }) => [key, look]))
  useEffect(() => {
    if (host.current === null) return
    let isGone = false
    const making = makePlot({
      host: host.current,
      lines: latest.current.lines,
      colourOf: (index) => {
        const item = legend.current?.children[index]
        return item === undefined ? 'currentColor' : getComputedStyle(item).getPropertyValue('stroke')
      },
      steps,
      formatValue: (value) => latest.current.format(value),
      formatTime: (timeMs) => clock(timeMs),
      onPoint,
    })
    // What draws could not be loaded: the legend and the table tell the same.
    const drawn = making.catch(() => null)
    void drawn.then((made) => {
      if (isGone || made === null) return
      plot.current = made
      made.setData(dataOf(latest.current))
    })
    return () => {
      isGone = true
      plot.current = null
      void drawn.then((made) => made?.destroy())
    }
  }, [shape, steps, legend, onPoint])
  useEffect(() => {
    plot.current?.setData(dataOf({ times, lines }))
  }, [times, lines])
  return <div className="plot" ref={host} />
}

function dataOf({ times, lines }: Pick<ChartProps, 'times' | 'lines'>): uPlot.AlignedData {
  return [times.map((time) => time / 1_000), ...lines.map(({ values }) => [...values])]
}
