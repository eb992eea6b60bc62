import type { Machine } from './environment.ts'
import type { Bar, Row } from './row.ts'

/** The report for people. */
export function table(rows: readonly Row[], machine: Machine, runs: number): string {
  const lines = rows.map((row) => [
    row.name,
    `${figure(row.median)} ${row.unit}`,
    `${figure(row.min)} to ${figure(row.max)}`,
    row.bar === null ? '' : barText(row.bar),
    row.ok === null ? '' : row.ok ? 'met' : 'MISSED',
    peerText(row),
  ])
  const heads = ['', 'median', 'min to max', 'bar', '', 'Warren / peer']
  const widths = heads.map((head, column) =>
    Math.max(...[heads, ...lines].map((cells) => (cells[column] ?? head).length)),
  )
  const text = [heads, ...lines].map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const missed = rows.filter(({ ok }) => ok === false).length
  return [
    '',
    ...text,
    '',
    ...rows.flatMap(({ name, note }) => (note === null ? [] : [`${name}: ${note}`])),
    `${runs} alternations each; RabbitMQ ${machine.rabbitmq} (${machine.brokerNodes} nodes), PostgreSQL ${machine.postgres}, Node ${machine.node}, ${machine.cores} cores of ${machine.processor}, shared by all of them`,
    rows.length === 0
      ? ''
      : missed === 0
        ? 'Every bar was met.'
        : `${missed} of ${rows.filter(({ ok }) => ok !== null).length} bars were MISSED.`,
    '',
  ].join('\n')
}

function peerText({ pairs, pairUnit }: Row): string {
  const middle = pairs.toSorted((a, b) => a.warren - b.warren)[Math.floor(pairs.length / 2)]
  return middle === undefined ? '' : `${figure(middle.warren)} / ${figure(middle.peer)} ${pairUnit}`
}

function barText(bar: Bar): string {
  return 'atLeast' in bar ? `≥ ${figure(bar.atLeast)}` : `≤ ${figure(bar.atMost)}`
}

/** Three significant digits, and no more than there are. */
function figure(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}
