import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Catalog } from './catalog.ts'
import type { Entity, EventDefinition, EventOptions } from './entity.ts'

type EntitiesOf<C extends Catalog> = NonNullable<C['~entities']>

/** Every name of the catalog, scoped forms included. */
export type EventNames<C extends Catalog> = NamesOf<EntitiesOf<C>>

// A conditional type, because the compiler remembers what came out of one. `keyof` of the map below gives the same names,
// but is computed anew at each use: 1,900 instantiations per subscription, for 400 names.
type NamesOf<E extends Entity> = E extends unknown
  ? string extends E['name']
    ? string
    : NamesOfKey<E['name'], E['scopes'][number], keyof E['events'] & string>
  : never

// A template with `never` in it is never: no scopes, no scoped names.
type NamesOfKey<Name extends string, Scope extends string, Key extends string> =
  `${Name}.${Key}` | `${Name}.${Scope}.${Key}`

/** The schema of each name. */
type SchemasOf<E extends Entity> =
  UnionToIntersection<E extends unknown ? SchemasOfOne<E> : never> extends infer Schemas ? Schemas : never

type SchemasOfOne<E extends Entity> = string extends E['name']
  ? Readonly<Record<string, StandardSchemaV1>>
  : {
      readonly [Key in keyof E['events'] & string as NamesOfKey<E['name'], E['scopes'][number], Key>]: SchemaOf<
        E['events'][Key]
      >
    }

type SchemaOf<Definition extends EventDefinition> = Definition extends EventOptions<infer Schema> ? Schema : Definition

type UnionToIntersection<Union> = (Union extends unknown ? (value: Union) => void : never) extends (
  value: infer Intersection,
) => void
  ? Intersection
  : never

type SchemaAt<C extends Catalog, Name extends string> =
  SchemasOf<EntitiesOf<C>> extends Readonly<Record<Name, infer Schema extends StandardSchemaV1>> ? Schema : never

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
