/**
 * How far a subscription has settled the events of one entity. Everything it wants up to `handled` is handled, discarded
 * or set aside. `skipped` holds what was settled out of its order: who waits for the key waits for the value instead.
 */
export interface Position {
  readonly handled: number
  readonly skipped: ReadonlyMap<number, number>
}

export interface Place {
  readonly sequence: number
  /** The event that must be settled before; 0 when there is none. */
  readonly needs: number
}

export const start: Position = { handled: 0, skipped: new Map() }

/** Whether the event, and all that it waits for, is settled. */
export function isSettled({ handled, skipped }: Position, sequence: number): boolean {
  let needed = sequence
  while (needed > handled) {
    const instead = skipped.get(needed)
    // Always less: an event needs an earlier one.
    if (instead === undefined || instead >= needed) return false
    needed = instead
  }
  return true
}

/** The event is settled: handled, or given up on by a person, who may do that while earlier ones are not settled. */
export function settle(position: Position, { sequence, needs }: Place): Position {
  if (sequence <= position.handled) return position
  if (isSettled(position, needs)) return reach(position, sequence)
  return { ...position, skipped: new Map([...position.skipped, [sequence, needs]]) }
}

/** Goes on behind this sequence, whatever became of what was before. */
export function reach({ handled, skipped }: Position, sequence: number): Position {
  const reached = Math.max(handled, sequence)
  return { handled: reached, skipped: new Map([...skipped].filter(([skip]) => skip > reached)) }
}

export function writeSkipped({ skipped }: Position): string {
  return JSON.stringify(Object.fromEntries(skipped))
}

export function readSkipped(json: string): Position['skipped'] {
  if (json === '{}') return start.skipped
  return new Map(Object.entries(JSON.parse(json) as Record<string, number>).map(([key, value]) => [Number(key), value]))
}
