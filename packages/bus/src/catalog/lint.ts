import type { Catalog, CatalogEvent } from './catalog.ts'
import { matches, patternProblem } from './pattern.ts'
import { narrowestCovering, nearestThatMatches, widened } from './suggest.ts'

/** A subscription as far as patterns go. */
export interface LintedSubscription {
  readonly name: string
  readonly patterns: readonly string[]
}

/**
 * - `pattern-invalid` (error): parsePattern() refuses it.
 * - `matches-nothing` (error): no event of the catalog matches it.
 * - `misses-scopes` (warning): it matches an event but not the event's scoped forms, and no other pattern of the
 *   subscription does.
 * - `spelled-out` (warning): it is one full name, so it misses the siblings that are there or will follow.
 * - `nobody-subscribes` (note): no subscription takes the event, which is not optional.
 */
export type LintRule = 'pattern-invalid' | 'matches-nothing' | 'misses-scopes' | 'spelled-out' | 'nobody-subscribes'

export interface LintFinding {
  readonly level: 'error' | 'warning' | 'note'
  readonly rule: LintRule
  readonly subscription?: string
  readonly pattern?: string
  /** Of `nobody-subscribes`: the event's name. */
  readonly event?: string
  /** A whole sentence; it tells the suggestion too. */
  readonly message: string
  /** A pattern that takes what was probably meant. It has been tried on the catalog. */
  readonly suggestion?: string
}

/** Finds patterns that take less than was probably meant, and events that nobody takes. Errors come first. */
export function lint(catalog: Catalog, subscriptions: readonly LintedSubscription[]): readonly LintFinding[] {
  const findings = subscriptions.flatMap((subscription) =>
    subscription.patterns.flatMap((pattern) => {
      const found = lintPattern(catalog, pattern, subscription)
      return found === null ? [] : [describe(found, subscription, pattern)]
    }),
  )
  const levels = ['error', 'warning', 'note']
  return [...findings, ...nobodySubscribes(catalog, subscriptions)].sort(
    (a, b) => levels.indexOf(a.level) - levels.indexOf(b.level),
  )
}

interface Found {
  readonly level: 'error' | 'warning'
  readonly rule: LintRule
  /** Continues the sentence `pattern "…" of subscription "…" `. */
  readonly says: string
  readonly suggestion: string | null
}

function describe(found: Found, subscription: LintedSubscription, pattern: string): LintFinding {
  const { level, rule, says, suggestion } = found
  const advice =
    suggestion === null
      ? ''
      : level === 'error'
        ? `; did you mean "${suggestion}"?`
        : `; "${suggestion}" takes them too`
  return {
    level,
    rule,
    subscription: subscription.name,
    pattern,
    message: `pattern "${pattern}" of subscription "${subscription.name}" ${says}${advice}`,
    ...(suggestion === null ? {} : { suggestion }),
  }
}

function lintPattern(catalog: Catalog, pattern: string, subscription: LintedSubscription): Found | null {
  const problem = patternProblem(pattern)
  if (problem !== null) {
    const suggestion = problem.suggestion === null ? null : narrowestCovering(catalog, [problem.suggestion], [])
    return { level: 'error', rule: 'pattern-invalid', says: problem.reason, suggestion }
  }
  const taken = catalog.matching([pattern])
  if (taken.length === 0) {
    const suggestion = nearestThatMatches(catalog, pattern)
    return { level: 'error', rule: 'matches-nothing', says: noMatch(pattern, suggestion), suggestion }
  }
  const others = subscription.patterns.filter((other) => other !== pattern)
  const named = catalog.find(pattern)
  return named === undefined ? missesScopes(catalog, pattern, taken, others) : spelledOut(catalog, named, others)
}

function noMatch(pattern: string, suggestion: string | null): string {
  const isWordShort = suggestion !== null && widened(pattern).includes(suggestion) && pattern.includes('*')
  return `matches no event of the catalog${isWordShort ? ': "*" is exactly one word, "#" is any number of words' : ''}`
}

function missesScopes(
  catalog: Catalog,
  pattern: string,
  taken: readonly CatalogEvent[],
  others: readonly string[],
): Found | null {
  const missed = untaken([...new Set(taken.flatMap((event) => scopedForms(catalog, event)))], [pattern, ...others])
  if (missed.length === 0) return null
  const suggestion = narrowestCovering(catalog, widened(pattern), [...taken, ...missed])
  return { level: 'warning', rule: 'misses-scopes', says: `misses ${list(missed)}`, suggestion }
}

function spelledOut(catalog: Catalog, event: CatalogEvent, others: readonly string[]): Found | null {
  if (untaken([event], others).length === 0) return null
  const siblings = catalog.events.filter(
    ({ name, entity, scope, process }) =>
      name !== event.name && entity === event.entity && scope === event.scope && process === event.process,
  )
  const missed = untaken([...siblings, ...scopedForms(catalog, event)], others)
  const base = event.scope === null ? event.entity : `${event.entity}.${event.scope}`
  const candidates = [
    `${base}.${event.process}.*`,
    `${base}.#.${event.process}.${event.fact}`,
    `${base}.#.${event.process}.*`,
  ]
  const says =
    missed.length === 0
      ? `spells out one event, so it will miss the events of "${base}.${event.process}" that follow`
      : `spells out one event, so it misses ${list(missed)}`
  return {
    level: 'warning',
    rule: 'spelled-out',
    says,
    suggestion: narrowestCovering(catalog, candidates, [event, ...missed]),
  }
}

/** The same fact in scopes that refine the event's own: of the plain form, all; of `viporder`, `viporder.gold`. */
function scopedForms(catalog: Catalog, event: CatalogEvent): readonly CatalogEvent[] {
  return catalog.events.filter(
    ({ entity, scope, process, fact }) =>
      entity === event.entity &&
      process === event.process &&
      fact === event.fact &&
      scope !== null &&
      (event.scope === null || scope.startsWith(`${event.scope}.`)),
  )
}

function untaken(events: readonly CatalogEvent[], patterns: readonly string[]): readonly CatalogEvent[] {
  return events.filter((event) => !patterns.some((pattern) => matches(pattern, event.name)))
}

const MAX_LISTED = 3

function list(events: readonly CatalogEvent[]): string {
  const listed = events.slice(0, MAX_LISTED).map((event) => `"${event.name}"`)
  const more = events.length - listed.length
  return listed.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

/** One finding per fact: its scoped forms that nobody takes either are told in the message. */
function nobodySubscribes(catalog: Catalog, subscriptions: readonly LintedSubscription[]): readonly LintFinding[] {
  const patterns = subscriptions.flatMap((subscription) => subscription.patterns)
  const unheard = untaken(
    catalog.events.filter((event) => !event.isOptional),
    patterns,
  )
  const facts = Map.groupBy(unheard, (event) => `${event.entity}.${event.process}.${event.fact}`)
  return [...facts.values()].flatMap((forms): LintFinding[] => {
    const [first] = forms
    if (first === undefined) return []
    return [
      { level: 'note', rule: 'nobody-subscribes', event: first.name, message: `nobody subscribes to ${list(forms)}` },
    ]
  })
}
