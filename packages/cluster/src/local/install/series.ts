import { ClusterError } from '../../errors.ts'

/**
 * The series of RabbitMQ that releases of Debian carry, by code name. A stable release keeps its series for good; `forky` and
 * `sid` move on, so a series that is only there may one day not be had any more, which is then said (VERSION_UNAVAILABLE).
 */
const suites: Readonly<Record<string, readonly string[]>> = {
  '3.10': ['bookworm'],
  '4.0': ['trixie'],
  '4.3': ['forky', 'sid'],
}

/** The series that can be brought to a machine of Debian's, oldest first. */
export const bringableSeries: readonly string[] = Object.keys(suites)

/** The releases of Debian in which to look for a series, the steadier one first. */
export function suitesWith(series: string): readonly string[] {
  return suites[series] ?? []
}

/** `4.3.6` belongs to the series `4.3`. */
export function seriesOf(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

/** Checks the name of a series: `4.3`. Throws CLUSTER_INVALID. */
export function parseSeries(text: string): string {
  if (/^\d+\.\d+$/.test(text)) return text
  throw new ClusterError(
    'CLUSTER_INVALID',
    `"${text}" is no series of RabbitMQ; write it as 4.3. Warren can bring ${bringableSeries.join(', ')}`,
    { version: text },
  )
}
