/** What the broker measured at one moment: of a counter all that it has counted until then, of a length what it was. */
export interface SamplePoint {
  readonly atMs: number
  readonly value: number
}

/** How far back samples are asked for, and how far they are apart. */
export interface SampleWindow {
  readonly ageSeconds: number
  readonly stepSeconds: number
}

/** What the management API answers with under `…_details`. */
export interface SampleDetails {
  readonly samples?: readonly { readonly sample: number; readonly timestamp: number }[]
}

/**
 * The windows of one figure as one line of points, oldest first; earlier windows are the finer ones, and of later ones only what lies
 * before them is taken. Points before `sinceMs` are left out: for times that it has not measured the broker answers with zeros. Pure.
 */
export function pointsOf(windows: readonly (SampleDetails | undefined)[], sinceMs: number): readonly SamplePoint[] {
  let points: readonly SamplePoint[] = []
  for (const window of windows) {
    const oldestMs = points[0]?.atMs ?? Infinity
    const older = (window?.samples ?? [])
      .map(({ sample, timestamp }) => ({ atMs: timestamp, value: sample }))
      .filter(({ atMs }) => atMs >= sinceMs && atMs < oldestMs)
      .toSorted((a, b) => a.atMs - b.atMs)
    points = [...older, ...points]
  }
  return points
}
