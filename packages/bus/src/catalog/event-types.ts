import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Catalog } from './catalog.ts'
import type { Entity, EventDefinition, EventOptions } from './entity.ts'

/** A catalog's events as the compiler knows them: the schema of each name, scoped names included. */
export type EventMap = Readonly<Record<string, StandardSchemaV1>>

/** The events of a union of entities. */
export type EventMapOf<Entities extends Entity> =
  UnionToIntersection<Entities extends unknown ? EventsOf<Entities> : never> extends infer Events extends EventMap
    ? Events
    : never

type EventsOf<E extends Entity> = {
  readonly [Key in keyof E['events'] & string as NamesOf<E['name'], E['scopes'][number], Key>]: SchemaOf<
    E['events'][Key]
  >
}

// A template with `never` in it is never: no scopes, no scoped names.
type NamesOf<Name extends string, Scope extends string, Key extends string> =
  `${Name}.${Key}` | `${Name}.${Scope}.${Key}`

type SchemaOf<Definition extends EventDefinition> =
  Definition extends EventOptions<infer Schema> ? Schema : Definition extends StandardSchemaV1 ? Definition : never

type UnionToIntersection<Union> = (Union extends unknown ? (value: Union) => void : never) extends (
  value: infer Intersection,
) => void
  ? Intersection
  : never

type MapOf<C extends Catalog> = NonNullable<C['~events']>

/** Every name of the catalog, scoped forms included. */
export type EventNames<C extends Catalog> = keyof MapOf<C> & string

type SchemaAt<C extends Catalog, Name extends EventNames<C>> = MapOf<C>[Name] & StandardSchemaV1

/** What publish takes as data: the input of the event's schema. */
export type EventInput<C extends Catalog, Name extends EventNames<C>> = StandardSchemaV1.InferInput<SchemaAt<C, Name>>

/** What handlers get as data: the output of the event's schema. */
export type EventOutput<C extends Catalog, Name extends EventNames<C>> = StandardSchemaV1.InferOutput<SchemaAt<C, Name>>

/**
 * The union of the events of these names, told apart by `name`; `Envelope` holds what every event has besides.
 *
 * `EventOf<Shop, 'order.payment.onPaid', { id: string }>` is
 * `{ name: 'order.payment.onPaid'; data: { orderId: string; amount: number } } & { id: string }`
 */
export type EventOf<C extends Catalog, Names extends EventNames<C>, Envelope = unknown> = Names extends unknown
  ? { readonly name: Names; readonly data: EventOutput<C, Names> } & Envelope
  : never
