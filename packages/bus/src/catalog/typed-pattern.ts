import type { Catalog } from './catalog.ts'
import type { EventNames } from './event-types.ts'
import type { Matching } from './typed-matching.ts'

/**
 * The names of the catalog that a pattern matches, by AMQP's rules; of a union of patterns, the names that any matches.
 * A pattern that is no literal (`string`) may match every name.
 */
export type MatchingNames<C extends Catalog, Pattern extends string> = Matching<EventNames<C>, Pattern>

/** The pattern itself when it matches something, else a type whose text says that it does not. */
export type ValidPattern<C extends Catalog, Pattern extends string> = [MatchingNames<C, Pattern>] extends [never]
  ? `no event of the catalog matches "${Pattern}"`
  : Pattern

/**
 * Each of a tuple of patterns, checked. Inferred from, when it is a parameter's type:
 *
 * ```ts
 * subscribe<const Patterns extends readonly string[]>(
 *   name: string,
 *   patterns: ValidPatterns<C, Patterns>,
 *   handler: (event: EventOf<C, MatchingNames<C, Patterns[number]>, Envelope>) => void,
 * ): void
 * ```
 */
export type ValidPatterns<C extends Catalog, Patterns extends readonly string[]> = {
  readonly [Index in keyof Patterns]: ValidPattern<C, Patterns[Index]>
}
