/** How far back a new subscription wants events: a point in time, or milliseconds before it was there. */
export type Since = Date | number

/** The point in time; it stays the same, for publishers may hear of the subscription much later. */
export function sinceMs(since: Since, activeFrom: Date): number {
  return typeof since === 'number' ? activeFrom.getTime() - since : since.getTime()
}
