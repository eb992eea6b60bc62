/** One event that was handled, as the handler's own transaction wrote it down. */
export interface HandledEvent {
  readonly entity: string
  readonly sequence: number
}

export interface OrderViolation extends HandledEvent {
  readonly kind: 'early' | 'twice' | 'missing'
  /** What should have come. */
  readonly expected: number
}

/**
 * Judges a log of what was handled, in the order in which it was: of each entity 1, 2, 3, … up to `expected`. `early`: a
 * later one came before this was handled; `twice`; `missing`: never, although it was published.
 */
export function orderViolations(
  log: readonly HandledEvent[],
  published: ReadonlyMap<string, number>,
): readonly OrderViolation[] {
  const violations: OrderViolation[] = []
  const last = new Map<string, number>()
  const seen = new Set<string>()
  for (const { entity, sequence } of log) {
    const expected = (last.get(entity) ?? 0) + 1
    const key = `${entity}/${sequence}`
    if (seen.has(key)) violations.push({ kind: 'twice', entity, sequence, expected })
    else if (sequence !== expected) violations.push({ kind: 'early', entity, sequence, expected })
    seen.add(key)
    last.set(entity, Math.max(sequence, expected - 1))
  }
  for (const [entity, count] of published) {
    for (let sequence = 1; sequence <= count; sequence++) {
      if (!seen.has(`${entity}/${sequence}`)) violations.push({ kind: 'missing', entity, sequence, expected: sequence })
    }
  }
  return violations
}
