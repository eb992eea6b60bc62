/** A row of a subscriber's effects table. */
export interface Effect {
  readonly eventId: string
  readonly entityId: string
  readonly fact: string
}

export interface Comparison {
  readonly expected: number
  /** Of the expected facts, those that took effect. */
  readonly applied: number
  /** Facts without an effect. */
  readonly lost: readonly string[]
  /** Effects beyond the first of one event. */
  readonly duplicated: readonly string[]
  /** Effects of what never happened: no such fact was committed, or another event told of it already. */
  readonly ghosts: readonly string[]
}

/** `order-17 payment.onPaid`: what expected facts and effects are matched by. */
export function factKey(entityId: string, fact: string): string {
  return `${entityId} ${fact}`
}

/** Compares the facts that a subscription should have seen with what it did. */
export function compare(expected: ReadonlySet<string>, effects: readonly Effect[]): Comparison {
  const eventOf = new Map<string, string>()
  const duplicated: string[] = []
  const ghosts: string[] = []
  const ghostEvents = new Set<string>()
  for (const { eventId, entityId, fact } of effects) {
    const key = factKey(entityId, fact)
    const first = eventOf.get(key)
    if (!expected.has(key) || (first !== undefined && first !== eventId)) {
      if (ghostEvents.has(eventId)) duplicated.push(key)
      else ghosts.push(key)
      ghostEvents.add(eventId)
    } else if (first === eventId) duplicated.push(key)
    else eventOf.set(key, eventId)
  }
  const lost = [...expected].filter((key) => !eventOf.has(key))
  return { expected: expected.size, applied: eventOf.size, lost, duplicated, ghosts }
}
