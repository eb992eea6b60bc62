/** The middle value, or the mean of the two in the middle. NaN for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which this share of the values lies, interpolated between neighbours. NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
  if (below === undefined || above === undefined) return NaN
  return below + (above - below) * (at - Math.floor(at))
}

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}

/** What Warren and its peer measured right after one another, in the same unit. */
export interface Pair {
  readonly warren: number
  readonly peer: number
}

/**
 * Measures both sides in turn, `times` times: Warren, peer, Warren, peer, … The machine's mood changes over a run; it
 * changes less between neighbours, and so each pair is compared on its own.
 */
export async function alternate(
  times: number,
  warren: (round: number) => Promise<number>,
  peer: (round: number) => Promise<number>,
): Promise<readonly Pair[]> {
  const pairs: Pair[] = []
  for (let round = 0; round < times; round++) pairs.push({ warren: await warren(round), peer: await peer(round) })
  return pairs
}

/** The ratio of each pair; their median is not the ratio of the medians. */
export function ratiosOf(pairs: readonly Pair[]): readonly number[] {
  return pairs.map(({ warren, peer }) => warren / peer)
}
