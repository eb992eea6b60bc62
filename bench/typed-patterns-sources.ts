/** What the compiler is given to check: 400 names and 20 patterns, as a matcher alone and as a service that uses them. */

const entities = ['order', 'product', 'invoice', 'parcel', 'customer', 'cart', 'ticket', 'refund', 'supplier', 'store']
const processes = ['payment', 'delivery', 'pricing', 'review', 'stock', 'return', 'audit', 'import', 'export', 'notice']
const facts = ['onCreated', 'onChanged']

/** Every second entity has a scope of two words. */
const scopes = entities.map((_, index) => (index % 2 === 0 ? 'vip' : 'vip.gold'))

export const names: readonly string[] = entities.flatMap((entity, index) =>
  [entity, `${entity}.${scopes[index]}`].flatMap((prefix) =>
    processes.flatMap((process) => facts.map((fact) => `${prefix}.${process}.${fact}`)),
  ),
)

/** Every form: exact, `*`, `#` at the start, in the middle, at the end, several, and both; each matches something. */
export const patterns: readonly string[] = [
  '#',
  'order.payment.onCreated',
  'order.#',
  'product.vip.gold.#',
  '#.onCreated',
  '#.delivery.onChanged',
  'order.#.onChanged',
  'order.#.payment.onCreated',
  '#.delivery.#',
  'cart.#.import.#',
  '*.delivery.*',
  'order.*.onCreated',
  '*.*.*',
  'invoice.*.*.onCreated',
  '*.vip.*.*',
  '#.delivery.*',
  '#.*.onChanged',
  '*.#.stock.*',
  '#.vip.#.*',
  '#.gold.*.#.onCreated',
]

/** A matcher as the compiler finds it. */
export interface Matcher {
  readonly file: string
  readonly type: string
}

/** The matcher alone: the names that each pattern matches. */
export function matcherSource(matcher: Matcher): string {
  return `
import type { ${matcher.type} } from '${matcher.file}'
type Names = ${union(names)}
${patterns.map((pattern, index) => `export declare const matched${index}: ${matcher.type}<Names, '${pattern}'>`).join('\n')}
${patterns.map((_, index) => `export const name${index}: string = matched${index}`).join('\n')}
`
}

/** A service: the catalog with a schema for each event, a bus, a wrapper of its own, and a handler for each pattern. */
export function serviceSource(matcher: Matcher, catalogFolder: string): string {
  return `
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Catalog, catalog } from '${catalogFolder}/catalog.ts'
import { entity } from '${catalogFolder}/entity.ts'
import type { EventNames, EventOf } from '${catalogFolder}/event-types.ts'
import type { ${matcher.type} } from '${matcher.file}'
declare function schema<Payload>(): StandardSchemaV1<Payload>
${entities.map((name, index) => entitySource(name, scopes[index] ?? '')).join('')}
type Matched<C extends Catalog, Pattern extends string> = ${matcher.type}<EventNames<C>, Pattern>
type Valid<C extends Catalog, Pattern extends string> = [Matched<C, Pattern>] extends [never] ? 'matches nothing' : Pattern
declare class Bus<C extends Catalog> {
  constructor(catalog: C)
  subscribe<const Patterns extends readonly string[]>(
    name: string,
    patterns: { readonly [Index in keyof Patterns]: Valid<C, Patterns[Index]> },
    handler: (event: EventOf<C, Matched<C, Patterns[number]>, { readonly id: string }>) => void,
  ): void
}
const shop = catalog(${entities.map((name) => `${name}Events`).join(', ')})
const bus = new Bus(shop)
// A team's own wrapper: here the names are known while the patterns are still to be inferred.
declare function subscribe<const Patterns extends readonly string[]>(
  patterns: { readonly [Index in keyof Patterns]: Valid<typeof shop, Patterns[Index]> },
  handler: (event: EventOf<typeof shop, Matched<typeof shop, Patterns[number]>, { readonly id: string }>) => void,
): void
subscribe(['${patterns[0]}'], (event) => void event.name)
${patterns
  .map(
    (pattern, index) => `
bus.subscribe('subscription${index}', ['${pattern}'], (event) => {
  const known: { name: string; id: string; data: { id: string } } = event
  return void known
})`,
  )
  .join('')}
`
}

function entitySource(entity: string, scope: string): string {
  const events = processes.flatMap((process) =>
    facts.map((fact) => `    '${process}.${fact}': schema<{ id: string; ${entity}: { ${process}: '${fact}' } }>(),`),
  )
  return `
const ${entity}Events = entity('${entity}', {
  identity: 'id',
  scopes: ['${scope}'],
  events: {
${events.join('\n')}
  },
})
`
}

/** Compiles only if both matchers find the same names for every pattern, and some. */
export function agreementSource(one: Matcher, other: Matcher): string {
  return `
import type { ${one.type} } from '${one.file}'
import type { ${other.type} } from '${other.file}'
type Names = ${union(names)}
type Same<A, B> = [A] extends [never] ? false : [A, B] extends [B, A] ? true : false
${patterns
  .map(
    (pattern, index) =>
      `export const same${index}: Same<${one.type}<Names, '${pattern}'>, ${other.type}<Names, '${pattern}'>> = true`,
  )
  .join('\n')}
`
}

function union(texts: readonly string[]): string {
  return texts.map((text) => `\n  | '${text}'`).join('')
}
