import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { WarrenError } from '../errors.ts'
import { eventOptions, type Entity } from './entity.ts'
import { describeIssues, fromSchema, type Issue } from './issues.ts'
import { toJsonText } from './json.ts'
import { eventName, parseEventKey } from './name.ts'
import { nearest } from './nearest.ts'
import { matches } from './pattern.ts'

/** One name of the catalog. */
export interface CatalogEvent {
  readonly name: string
  readonly entity: string
  /** null for the plain form. */
  readonly scope: string | null
  readonly process: string
  readonly fact: string
  /** The field of the payload that holds the entity's id. */
  readonly identity: string
  /** True: it is no fault when nobody listens. */
  readonly isOptional: boolean
  /** True: it carries its place among the events of its entity. */
  readonly isOrdered: boolean
  readonly description: string | null
}

/** The events that a team shares: their names, schemas and what is said about them. Made by catalog(). */
export interface Catalog<Entities extends Entity = Entity> {
  /** Every name, scoped forms included, in the order of definition. */
  readonly names: readonly string[]
  /** Every name with what is known about it, in the same order. */
  readonly events: readonly CatalogEvent[]
  /** The names of the entities. */
  readonly entities: readonly string[]
  find(name: string): CatalogEvent | undefined
  /** The events that any of these patterns matches. */
  matching(patterns: readonly string[]): readonly CatalogEvent[]
  /**
   * The publisher's end: the JSON text of the payload as it was given, once the event's schema has accepted what that
   * text says. So both ends validate the same thing, and a Date in a field that wants a Date fails here already.
   * A promise only when the schema is asynchronous: `await` it. Throws, or rejects with, EVENT_UNKNOWN, and EVENT_INVALID
   * when JSON cannot say the payload or the schema refuses it.
   */
  encode(name: string, data: unknown): string | Promise<string>
  /**
   * The subscriber's end: what the event's schema makes of a payload (defaults, transforms). A promise only when the
   * schema is asynchronous: `await` it. Throws, or rejects with, EVENT_UNKNOWN or EVENT_INVALID. Errors tell the path of
   * each field and never hold values of the payload.
   */
  validate(name: string, data: unknown): unknown
  /** The id in the payload's identity field, if a string (not empty) or a number is there. Throws EVENT_UNKNOWN. */
  entityId(name: string, data: unknown): string | undefined
  /**
   * What a payload looks like when it is published, as JSON Schema (draft 2020-12): documentation. A field that JSON has no type for,
   * such as a Date, may be anything. Null when the library of the schema implements no Standard JSON Schema, or cannot say this one.
   * Throws EVENT_UNKNOWN.
   */
  jsonSchema(name: string): Readonly<Record<string, unknown>> | null
  /** For the compiler only; nothing is there at run time. */
  readonly '~entities'?: Entities
}

/** Puts entities together. Throws CATALOG_INVALID when two have the same name. */
export function catalog<const Entities extends readonly Entity[]>(...entities: Entities): Catalog<Entities[number]> {
  return new EntityCatalog(entities)
}

/** `unrepresentable` is zod's word, which throws otherwise. */
const AS_JSON_SCHEMA = { target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } } as const

interface KnownEvent extends CatalogEvent {
  readonly schema: StandardSchemaV1
}

class EntityCatalog implements Catalog {
  readonly names: readonly string[]
  readonly events: readonly CatalogEvent[]
  readonly entities: readonly string[]
  readonly #known: ReadonlyMap<string, KnownEvent>
  readonly #public: ReadonlyMap<string, CatalogEvent>

  constructor(entities: readonly Entity[]) {
    checkEntities(entities)
    const known = entities.flatMap(eventsOf)
    this.#known = new Map(known.map((event) => [event.name, event]))
    this.names = [...this.#known.keys()]
    this.events = known.map(({ schema: _, ...event }) => Object.freeze(event))
    this.#public = new Map(this.events.map((event) => [event.name, event]))
    this.entities = entities.map((entity) => entity.name)
  }

  find(name: string): CatalogEvent | undefined {
    return this.#public.get(name)
  }

  matching(patterns: readonly string[]): readonly CatalogEvent[] {
    return this.events.filter((event) => patterns.some((pattern) => matches(pattern, event.name)))
  }

  encode(name: string, data: unknown): string | Promise<string> {
    const event = this.#get(name)
    const json = toJsonText(data)
    if (json.kind === 'refused') throw invalid(event, json.issues)
    const validated = validate(event, json.kind === 'exact' ? data : JSON.parse(json.text))
    return validated instanceof Promise ? validated.then(() => json.text) : json.text
  }

  validate(name: string, data: unknown): unknown {
    return validate(this.#get(name), data)
  }

  entityId(name: string, data: unknown): string | undefined {
    const { identity } = this.#get(name)
    if (typeof data !== 'object' || data === null) return undefined
    const id: unknown = Reflect.get(data, identity)
    if (typeof id === 'string') return id === '' ? undefined : id
    return typeof id === 'number' && Number.isFinite(id) ? String(id) : undefined
  }

  jsonSchema(name: string): Readonly<Record<string, unknown>> | null {
    const { jsonSchema }: Partial<StandardJSONSchemaV1.Props> = this.#get(name).schema['~standard']
    try {
      return jsonSchema?.input(AS_JSON_SCHEMA) ?? null
    } catch {
      return null
    }
  }

  #get(name: string): KnownEvent {
    const event = this.#known.get(name)
    if (event !== undefined) return event
    const suggestion = nearest(name, this.names)
    const advice = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`
    throw new WarrenError('EVENT_UNKNOWN', `event "${name}" is not in the catalog${advice}`, {
      name,
      ...(suggestion === undefined ? {} : { suggestion }),
    })
  }
}

function checkEntities(entities: readonly Entity[]): void {
  if (entities.length === 0) throw new WarrenError('CATALOG_INVALID', 'the catalog has no entities')
  const seen = new Set<string>()
  for (const { name } of entities) {
    if (seen.has(name))
      throw new WarrenError('CATALOG_INVALID', `entity "${name}" is in the catalog twice`, { entity: name })
    seen.add(name)
  }
}

function eventsOf(entity: Entity): readonly KnownEvent[] {
  return [null, ...entity.scopes].flatMap((scope) =>
    Object.entries(entity.events).flatMap(([key, definition]) => {
      const parsed = parseEventKey(key)
      if ('problem' in parsed) return []
      const { schema, optional, description } = eventOptions(definition)
      return {
        name: eventName(entity.name, scope, key),
        entity: entity.name,
        scope,
        ...parsed,
        identity: entity.identity,
        isOptional: optional ?? false,
        isOrdered: entity.ordered,
        description: description ?? null,
        schema,
      }
    }),
  )
}

function validate(event: KnownEvent, data: unknown): unknown {
  const result = callSchema(event, data)
  if (!('then' in result)) return accept(event, data, result)
  return Promise.resolve(result).then(
    (settled) => accept(event, data, settled),
    (error: unknown) => Promise.reject(schemaThrew(event, error)),
  )
}

function callSchema(event: KnownEvent, data: unknown): ReturnType<StandardSchemaV1['~standard']['validate']> {
  try {
    return event.schema['~standard'].validate(data)
  } catch (error) {
    throw schemaThrew(event, error)
  }
}

function accept(event: KnownEvent, data: unknown, result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues === undefined) return result.value
  throw invalid(event, fromSchema(result.issues, data))
}

function invalid(event: KnownEvent, issues: readonly Issue[]): WarrenError {
  return new WarrenError('EVENT_INVALID', `event "${event.name}" is invalid: ${describeIssues(issues)}`, {
    name: event.name,
    issues,
  })
}

/** A check written by hand may throw instead of reporting. What it says may quote the payload, so it stays in `cause`. */
function schemaThrew(event: KnownEvent, error: unknown): WarrenError {
  const kind = error instanceof Error ? error.name : typeof error
  return new WarrenError(
    'EVENT_INVALID',
    `event "${event.name}" is invalid: its schema threw a ${kind} instead of reporting what is wrong`,
    { name: event.name, issues: [] },
    error,
  )
}
