import type { Catalog, CatalogEvent } from './catalog.ts'
import { nearest } from './nearest.ts'
import { matches } from './pattern.ts'

/**
 * Of these patterns, the one that matches every wanted event and the fewest others; the first of equals. Null when none
 * matches them all. So nothing is suggested that has not been tried on the catalog.
 */
export function narrowestCovering(
  catalog: Catalog,
  candidates: readonly string[],
  wanted: readonly CatalogEvent[],
): string | null {
  let best: string | null = null
  let bestCount = Infinity
  for (const candidate of candidates) {
    const count = catalog.matching([candidate]).length
    if (count === 0 || count >= bestCount) continue
    if (wanted.every((event) => matches(candidate, event.name))) [best, bestCount] = [candidate, count]
  }
  return best
}

/** A pattern that matches something and is near one that matches nothing: a wildcard wider, or a word spelled right. */
export function nearestThatMatches(catalog: Catalog, pattern: string): string | null {
  const respelled = respell(catalog, pattern)
  return (
    narrowestCovering(catalog, widened(pattern), []) ??
    narrowestCovering(catalog, [respelled], []) ??
    narrowestCovering(catalog, widened(respelled), [])
  )
}

/**
 * The pattern with room for more words: a `*` turned into `#` (`*.onDelivered` → `#.onDelivered`), or a `#` put between
 * two words or at an end (`order.delivery.*` → `order.#.delivery.*`). Those with one change come first.
 */
export function widened(pattern: string): readonly string[] {
  const words = pattern.split('.')
  const replaced = words.flatMap((word, index) => (word === '*' ? [words.with(index, '#').join('.')] : []))
  const inserted = ['', ...words].map((_, index) => words.toSpliced(index, 0, '#').join('.'))
  const open = words.map((word) => (word === '*' ? '#' : word))
  const allReplaced = open.filter((word, index) => word !== '#' || open[index - 1] !== '#').join('.')
  return [...replaced, ...inserted, allReplaced]
}

/** Each word that no event has, replaced by the nearest one that an event has; wildcards stay. */
function respell(catalog: Catalog, pattern: string): string {
  const known = new Set(catalog.names.flatMap((name) => name.split('.')))
  return pattern
    .split('.')
    .map((word) => (word === '*' || word === '#' || known.has(word) ? word : (nearest(word, known) ?? word)))
    .join('.')
}
