// Checked by tsc: here nothing runs. typed-pattern.test.ts proves that a wrong line in such a file fails.
import { z } from 'zod'
import { catalog } from './catalog.ts'
import { entity } from './entity.ts'
import type { EventInput, EventNames, EventOf, EventOutput } from './event-types.ts'
import type { Matching } from './typed-matching.ts'
import type { MatchingNames, ValidPattern, ValidPatterns } from './typed-pattern.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function expect<_True extends true>(): void

// ── Matching over plain names ────────────────────────────────────────────────────────────────────────────────────────

type Names =
  | 'order.payment.onPaid'
  | 'order.delivery.onDelivered'
  | 'order.viporder.payment.onPaid'
  | 'order.viporder.delivery.onDelivered'
  | 'order.viporder.gold.delivery.onDelivered'
  | 'order.delivery.delivery.onDelivered'
  | 'product.pricing.onChanged'
type M<Pattern extends string> = Matching<Names, Pattern>
type Delivered = Extract<Names, `${string}.onDelivered`>

// Exact names.
expect<Same<M<'order.payment.onPaid'>, 'order.payment.onPaid'>>()
expect<Same<M<'order.payment.onPai'>, never>>()
expect<Same<M<'order.payment'>, never>>()
expect<Same<M<'payment.onPaid'>, never>>()

// `*` is exactly one word.
expect<Same<M<'*.payment.onPaid'>, 'order.payment.onPaid'>>()
expect<Same<M<'order.*.onDelivered'>, 'order.delivery.onDelivered'>>()
expect<Same<M<'order.delivery.*'>, 'order.delivery.onDelivered'>>()
expect<Same<M<'*.*.*'>, 'order.payment.onPaid' | 'order.delivery.onDelivered' | 'product.pricing.onChanged'>>()
expect<Same<M<'*.*.delivery.*'>, 'order.viporder.delivery.onDelivered' | 'order.delivery.delivery.onDelivered'>>()
expect<Same<M<'*'>, never>>()
expect<Same<M<'*.onPaid'>, never>>()
expect<Same<M<'*.*.*.*.*.*'>, never>>()

// `#` is zero or more words: alone, at the start, in the middle, at the end.
expect<Same<M<'#'>, Names>>()
expect<Same<M<'#.#'>, Names>>()
expect<Same<M<'#.onDelivered'>, Delivered>>()
expect<Same<M<'#.delivery.onDelivered'>, Delivered>>()
expect<Same<M<'#.order.payment.onPaid'>, 'order.payment.onPaid'>>()
expect<Same<M<'#.aid'>, never>>()
expect<Same<M<'order.#.onPaid'>, 'order.payment.onPaid' | 'order.viporder.payment.onPaid'>>()
expect<Same<M<'order.#.payment.onPaid'>, 'order.payment.onPaid' | 'order.viporder.payment.onPaid'>>()
expect<Same<M<'order.payment.#.onPaid'>, 'order.payment.onPaid'>>()
expect<Same<M<'order.viporder.#'>, Extract<Names, `order.viporder.${string}`>>>()
expect<Same<M<'order.#'>, Exclude<Names, 'product.pricing.onChanged'>>>()
expect<Same<M<'product.pricing.onChanged.#'>, 'product.pricing.onChanged'>>()
expect<Same<M<'ord.#'>, never>>()
// One word cannot stand for two words of the pattern.
expect<Same<M<'order.payment.#.payment.onPaid'>, never>>()

// Several `#`.
expect<Same<M<'#.delivery.#'>, Delivered>>()
expect<Same<M<'#.order.#'>, M<'order.#'>>>()
expect<Same<M<'#.onDelivered.#'>, Delivered>>()
expect<Same<M<'#.delivery.#.delivery.#'>, 'order.delivery.delivery.onDelivered'>>()
expect<Same<M<'order.#.#.gold.#.onDelivered'>, 'order.viporder.gold.delivery.onDelivered'>>()
expect<Same<M<'#.#.#.#.#.#.onPaid'>, M<'#.onPaid'>>>()

// Both.
expect<Same<M<'#.delivery.*'>, Delivered>>()
expect<Same<M<'*.delivery.*'>, 'order.delivery.onDelivered'>>()
expect<Same<M<'order.*.#'>, Exclude<Names, 'product.pricing.onChanged'>>>()
expect<Same<M<'#.*'>, Names>>()
expect<Same<M<'*.#'>, Names>>()
expect<Same<M<'#.*.*.*.*'>, Exclude<Names, M<'*.*.*'>>>>()
expect<Same<M<'*.#.delivery.#.*'>, Delivered>>()
expect<Same<M<'#.*.delivery.#.*'>, Delivered>>()
expect<Same<M<'#.delivery.#.*.*'>, 'order.delivery.delivery.onDelivered'>>()
expect<Same<M<'*.*.#.#.*.*'>, Exclude<Names, M<'*.*.*'>>>>()
expect<Same<M<'#.*.#.*.#.*.#.*.#.*'>, 'order.viporder.gold.delivery.onDelivered'>>()
// The first `delivery` of `order.delivery.delivery.onDelivered` is not the one that fits.
expect<Same<M<'order.#.delivery.*'>, Delivered>>()

// A wildcard glued to letters is an ordinary word, which no name has; so is an empty word.
expect<Same<M<'order.del*'>, never>>()
expect<Same<M<'order#'>, never>>()
expect<Same<M<'order.pay#.onPaid'>, never>>()
expect<Same<M<'order..onPaid'>, never>>()
expect<Same<M<'order.'>, never>>()
expect<Same<M<''>, never>>()

// Patterns that are no literals may match everything.
expect<Same<M<string>, Names>>()
expect<Same<M<`order.${string}`>, Names>>()
expect<Same<M<'#.onPaid' | 'product.#'>, M<'#.onPaid'> | 'product.pricing.onChanged'>>()
expect<Same<Matching<string, 'order.#'>, string>>()

// ── A catalog ────────────────────────────────────────────────────────────────────────────────────────────────────────

const order = entity('order', {
  identity: 'orderId',
  scopes: ['viporder', 'viporder.gold'],
  events: {
    'payment.onPaid': z.object({ orderId: z.string(), amount: z.number() }),
    'delivery.onDelivered': { schema: z.object({ orderId: z.string(), at: z.iso.datetime() }), optional: true },
  },
})
const product = entity('product', {
  identity: 'sku',
  events: { 'pricing.onChanged': z.object({ sku: z.string(), price: z.string().transform(Number) }) },
})
const _shop = catalog(order, product)
type Shop = typeof _shop
type Paid = { orderId: string; amount: number }
type Changed = { sku: string; price: number }

expect<
  Same<
    EventNames<Shop>,
    | 'order.payment.onPaid'
    | 'order.delivery.onDelivered'
    | 'order.viporder.payment.onPaid'
    | 'order.viporder.delivery.onDelivered'
    | 'order.viporder.gold.payment.onPaid'
    | 'order.viporder.gold.delivery.onDelivered'
    | 'product.pricing.onChanged'
  >
>()
expect<Same<EventInput<Shop, 'product.pricing.onChanged'>, { sku: string; price: string }>>()
expect<Same<EventOutput<Shop, 'product.pricing.onChanged'>, Changed>>()
expect<Same<EventOutput<Shop, 'order.viporder.gold.payment.onPaid'>, Paid>>()
expect<Same<EventOutput<Shop, 'order.delivery.onDelivered'>, { orderId: string; at: string }>>()
expect<Same<ValidPattern<Shop, '#.onPaid'>, '#.onPaid'>>()
expect<Same<ValidPattern<Shop, '*.onPaid'>, 'no event of the catalog matches "*.onPaid"'>>()
expect<Same<MatchingNames<Shop, 'order.viporder.*.*'>, `order.viporder.${'payment.onPaid' | 'delivery.onDelivered'}`>>()

// ── What a bus does with it ──────────────────────────────────────────────────────────────────────────────────────────

interface Envelope {
  readonly id: string
}
declare function publish<Name extends EventNames<Shop>>(name: Name, data: EventInput<Shop, Name>): void
declare function subscribe<const Patterns extends readonly string[]>(
  name: string,
  patterns: ValidPatterns<Shop, Patterns>,
  handler: (event: EventOf<Shop, MatchingNames<Shop, Patterns[number]>, Envelope>) => void,
): void

publish('order.payment.onPaid', { orderId: '1', amount: 2 })
publish('order.viporder.gold.payment.onPaid', { orderId: '1', amount: 2 })
publish('product.pricing.onChanged', { sku: '1', price: '2.50' })
// @ts-expect-error No such name.
publish('order.payment.onPayed', { orderId: '1', amount: 2 })
// @ts-expect-error The scope belongs to another entity.
publish('product.viporder.pricing.onChanged', { sku: '1', price: '2' })
// @ts-expect-error A pattern is no name.
publish('order.payment.*', { orderId: '1', amount: 2 })
// @ts-expect-error A string where a number belongs.
publish('order.payment.onPaid', { orderId: '1', amount: '2' })
// @ts-expect-error A field is missing.
publish('order.payment.onPaid', { orderId: '1' })
// @ts-expect-error The payload of another event.
publish('order.payment.onPaid', { sku: '1', price: '2' })

subscribe('order.crm', ['#.delivery.*'], (_event) => {
  expect<
    Same<
      (typeof _event)['name'],
      'order.delivery.onDelivered' | 'order.viporder.delivery.onDelivered' | 'order.viporder.gold.delivery.onDelivered'
    >
  >()
  expect<Same<typeof _event.data, { orderId: string; at: string }>>()
  expect<Same<typeof _event.id, string>>()
})
subscribe('mixed', ['order.payment.onPaid', 'product.#'], (event) => {
  expect<Same<typeof event.data, Paid | Changed>>()
  if (event.name === 'product.pricing.onChanged') expect<Same<typeof event.data, Changed>>()
  else expect<Same<typeof event.data, Paid>>()
  // @ts-expect-error Not among the events that match.
  if (event.name === 'order.delivery.onDelivered') return
  // @ts-expect-error Only one of the two has an amount.
  expect<Same<typeof event.data.amount, number>>()
})
subscribe('none', [], (_event) => {
  expect<Same<typeof _event, never>>()
})
// @ts-expect-error Matches nothing.
subscribe('lost', ['#.nothing.*'], () => undefined)
// @ts-expect-error One word does not make three.
subscribe('lost', ['*.onDelivered'], () => undefined)
// @ts-expect-error One of two matches nothing.
subscribe('lost', ['#.onPaid', 'ordr.#'], () => undefined)

declare const configured: string[]
subscribe('configured', configured, (event) => {
  expect<Same<(typeof event)['name'], EventNames<Shop>>>()
  if (event.name === 'product.pricing.onChanged') expect<Same<typeof event.data, Changed>>()
})
const patterns = ['#.onPaid'] as const
subscribe('constant', patterns, (_event) => {
  expect<Same<typeof _event.data, Paid>>()
})

// ── Definitions ──────────────────────────────────────────────────────────────────────────────────────────────────────

entity('order', {
  identity: 'orderId',
  events: {
    'payment.onPaid': z.object({}),
    // @ts-expect-error No fact at the end.
    'payment.paid': z.object({}),
  },
})
entity('order', {
  identity: 'orderId',
  // @ts-expect-error Not a schema.
  events: { 'payment.onPaid': 'string' },
})
// @ts-expect-error Without an identity nothing tells which order it is about.
entity('order', { events: { 'payment.onPaid': z.object({}) } })
