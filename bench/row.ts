import { ratiosOf, spreadOf } from './statistics.ts'
import type { Pair, Spread } from './statistics.ts'

export type Bar = { readonly atLeast: number } | { readonly atMost: number }

/** One line of the report. */
export interface Row extends Spread {
  readonly name: string
  /** Of median, min, max and bar; `×` for a ratio. */
  readonly unit: string
  /** null: measured for information. */
  readonly bar: Bar | null
  /** null without a bar. */
  readonly ok: boolean | null
  /** What the row was made of, in the order of measuring. */
  readonly pairs: readonly Pair[]
  readonly pairUnit: string
  readonly note: string | null
}

export interface RowOptions {
  readonly name: string
  readonly bar?: Bar
  readonly note?: string
}

/** Warren ÷ peer, pair by pair. */
export function ratioRow(pairs: readonly Pair[], pairUnit: string, options: RowOptions): Row {
  return row(spreadOf(ratiosOf(pairs)), pairs, '×', pairUnit, options)
}

/** Warren's own value, with the peer's beside it for comparison. */
export function valueRow(pairs: readonly Pair[], unit: string, options: RowOptions): Row {
  return row(spreadOf(pairs.map(({ warren }) => warren)), pairs, unit, unit, options)
}

function row(spread: Spread, pairs: readonly Pair[], unit: string, pairUnit: string, options: RowOptions): Row {
  const { name, bar = null, note = null } = options
  return { name, unit, bar, ok: bar === null ? null : meets(spread.median, bar), ...spread, pairs, pairUnit, note }
}

export function meets(value: number, bar: Bar): boolean {
  return 'atLeast' in bar ? value >= bar.atLeast : value <= bar.atMost
}
