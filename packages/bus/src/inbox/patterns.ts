import type { Catalog } from '../catalog/catalog.ts'
import { parsePattern } from '../catalog/pattern.ts'
import { WarrenError } from '../errors.ts'

/** Throws SUBSCRIPTION_INVALID: what is published without a place in an order cannot be handled in one. */
export function checkOrdered(subscription: string, patterns: readonly string[], catalog: Catalog): void {
  const unordered = catalog.matching(patterns).filter(({ isOrdered }) => !isOrdered)
  const [first] = unordered
  if (first === undefined) return
  const entities = [...new Set(unordered.map(({ entity }) => entity))]
  throw new WarrenError(
    'SUBSCRIPTION_INVALID',
    `"${subscription}" is ordered and gets "${first.name}", whose entity is not: declare entity('${first.entity}', { ordered: true, … }), or leave its events out`,
    { subscription, entities },
  )
}

/** Throws PATTERN_INVALID, and PATTERN_MATCHES_NOTHING: a subscription that never receives anything is a mistake. */
export function checkPatterns(subscription: string, patterns: readonly string[], catalog: Catalog): void {
  for (const pattern of patterns) {
    parsePattern(pattern)
    if (catalog.matching([pattern]).length > 0) continue
    throw new WarrenError(
      'PATTERN_MATCHES_NOTHING',
      `no event of the catalog matches "${pattern}" of "${subscription}"; warren events lint suggests what was meant`,
      { subscription, pattern },
    )
  }
}
