/** The place of an event among all events of its entity, as its publisher committed them. */
export interface EventOrder {
  /** From 1, without gaps. */
  readonly sequence: number
  /** The last event of each name before this one. */
  readonly previous: ReadonlyMap<string, Predecessor>
}

export interface Predecessor {
  readonly sequence: number
  /** The time in its id. */
  readonly atMs: number
}

/** Written by the outbox, never by callers. */
export const orderHeaders = { sequence: 'warren-sequence', previous: 'warren-previous' } as const

/** Names an ordered entity, in every table: `order/4711`. The name of an entity is one word, so it cannot hold the slash. */
export function orderKey(eventName: string, entityId: string): string {
  return `${eventName.split('.', 1)[0] ?? eventName}/${entityId}`
}

/** Undefined when there is none, null when what is there cannot be read. */
export function readOrder(headers: Readonly<Record<string, unknown>>): EventOrder | null | undefined {
  const written = headers[orderHeaders.sequence]
  if (written === undefined) return undefined
  const sequence = Number(written)
  const previous = readPrevious(headers[orderHeaders.previous], sequence)
  return isSequence(sequence) && previous !== null ? { sequence, previous } : null
}

function readPrevious(written: unknown, before: number): ReadonlyMap<string, Predecessor> | null {
  const previous = new Map<string, Predecessor>()
  for (const [name, place] of Object.entries(parsed(written) ?? { '': null })) {
    if (!Array.isArray(place)) return null
    const [sequence, atMs] = place as unknown[]
    if (!isSequence(sequence) || sequence >= before || typeof atMs !== 'number') return null
    previous.set(name, { sequence, atMs })
  }
  return previous
}

/** Null for what is no JSON object. */
function parsed(written: unknown): object | null {
  try {
    const value: unknown = JSON.parse(typeof written === 'string' ? written : 'null')
    return typeof value === 'object' && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
