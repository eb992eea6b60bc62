import { alternations } from './bench.ts'
import type { Bench } from './bench.ts'
import type { Row } from './row.ts'
import { budget, run as compile } from './typed-patterns.ts'
import type { TypedPatternsRow } from './typed-patterns.ts'

/** The typed patterns' cost to the compiler, as lines of the common report; see typed-patterns.ts. */
export const run: Bench = async (context) => {
  const { quick, progress } = context
  progress(`typed patterns: compiling ${alternations(context)} times with each matcher`)
  return (await compile({ quick })).flatMap(rowsOf)
}

function rowsOf({ name, ours, plain, runs }: TypedPatternsRow): readonly Row[] {
  const pair = (of: 'instantiations', peer: number): Pick<Row, 'pairs'> => ({ pairs: [{ warren: ours[of], peer }] })
  return [
    {
      name: `tsc, ${name}: check time`,
      unit: 's',
      bar: { atMost: budget.checkSeconds },
      ok: ours.checkSeconds.median <= budget.checkSeconds,
      ...ours.checkSeconds,
      pairs: [{ warren: ours.checkSeconds.median, peer: plain.checkSeconds.median }],
      pairUnit: `s, medians of ${runs}`,
      note: null,
    },
    {
      name: `tsc, ${name}: instantiations`,
      unit: '',
      bar: { atMost: budget.instantiations },
      ok: ours.instantiations <= budget.instantiations,
      median: ours.instantiations,
      min: ours.instantiations,
      max: ours.instantiations,
      ...pair('instantiations', plain.instantiations),
      pairUnit: '',
      note: null,
    },
  ]
}
