import type { Catalog } from '../catalog/catalog.ts'
import { parsePattern } from '../catalog/pattern.ts'
import { WarrenError } from '../errors.ts'

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
