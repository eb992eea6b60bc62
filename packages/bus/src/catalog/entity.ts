import type { StandardSchemaV1 } from '@standard-schema/spec'
import { WarrenError } from '../errors.ts'
import { eventName, isDottedWords, isWord, MAX_NAME_BYTES, parseEventKey, WORD_RULE } from './name.ts'

/** A business object with an identity, and the facts that can be told about it. Made by entity(). */
export interface Entity<
  Name extends string = string,
  Scope extends string = string,
  Events extends EventDefinitions = EventDefinitions,
> {
  readonly name: Name
  /** The field of each payload that holds the entity's id. */
  readonly identity: string
  readonly scopes: readonly Scope[]
  /** True: its events carry their place in the order of their commits. */
  readonly ordered: boolean
  readonly events: Events
}

/** A Standard Schema of the payload (zod, valibot, arktype, …), or that with more to say. */
export type EventDefinition = StandardSchemaV1 | EventOptions

export interface EventOptions<Schema extends StandardSchemaV1 = StandardSchemaV1> {
  readonly schema: Schema
  /** True: it is no fault when nobody listens. Default false: an event that no queue takes stays and is tried again. */
  readonly optional?: boolean
  readonly description?: string
}

/** By `<process>.on<Fact>`. */
export type EventDefinitions = Readonly<Record<string, EventDefinition>>

export type EventKeyShape = `${string}.on${string}`

/** Makes `tsc` point at the key of an event that is no event key. */
type CheckedKeys<Events> = string extends keyof Events
  ? unknown
  : {
      readonly [Key in keyof Events as Key extends EventKeyShape ? never : Key]: 'an event is named <process>.on<Fact>'
    }

/**
 * Defines an entity: `<entity>.<process>.on<Fact>` for each of its events, and `<entity>.<scope>.<process>.on<Fact>` for
 * each of its scopes too. Throws CATALOG_INVALID when a name breaks the rules or would mean two events.
 *
 * ```ts
 * export const order = entity('order', {
 *   identity: 'orderId',
 *   scopes: ['viporder'],
 *   events: { 'payment.onPaid': z.object({ orderId: z.string(), amount: z.number() }) },
 * })
 * ```
 */
export function entity<
  const Name extends string,
  const Events extends EventDefinitions,
  const Scope extends string = never,
>(
  name: Name,
  definition: {
    /** The field of each payload that holds the entity's id: what `options.entityId` of a publish is by default. */
    readonly identity: string
    /** Refinements of the entity inside the name, each one or more words: `viporder`, `viporder.gold`. Default: none. */
    readonly scopes?: readonly Scope[]
    /**
     * True: each event carries its place among the events of its entity, so that subscriptions can be `ordered`. Transactions
     * that publish for one entity then wait for each other. Default false.
     */
    readonly ordered?: boolean
    readonly events: Events & CheckedKeys<Events>
  },
): Entity<Name, Scope, Events> {
  const made: Entity<Name, Scope, Events> = {
    name,
    identity: definition.identity,
    scopes: [...(definition.scopes ?? [])],
    ordered: definition.ordered ?? false,
    events: { ...definition.events },
  }
  check(made)
  return Object.freeze(made)
}

/** The schema of an event and what else its definition says. */
export function eventOptions(definition: EventDefinition): EventOptions {
  return isSchema(definition) ? { schema: definition } : definition
}

function isSchema(definition: EventDefinition): definition is StandardSchemaV1 {
  return '~standard' in definition
}

function check(made: Entity): void {
  if (!isWord(made.name)) fail(made, `entity "${made.name}" must be one word of ${WORD_RULE}`)
  // Its exchange would be the one that every entity's exchange forwards to.
  if (made.name === 'events')
    fail(made, 'entity "events" cannot be told from the exchange of all events; choose another name')
  if (typeof made.identity !== 'string' || made.identity === '') {
    fail(made, `entity "${made.name}" needs an identity: the field of each payload that holds its id`)
  }
  checkScopes(made)
  if (Object.keys(made.events).length === 0) fail(made, `entity "${made.name}" has no events`)
  for (const [key, definition] of Object.entries(made.events)) checkEvent(made, key, definition)
  checkNames(made)
}

function checkScopes(made: Entity): void {
  const seen = new Set<string>()
  for (const scope of made.scopes) {
    const where = `scope "${scope}" of entity "${made.name}"`
    if (!isDottedWords(scope)) fail(made, `${where} must be words of ${WORD_RULE}, joined by dots`, { scope })
    if (seen.has(scope)) fail(made, `${where} is listed twice`, { scope })
    seen.add(scope)
  }
}

function checkEvent(made: Entity, key: string, definition: EventDefinition): void {
  const where = `event "${key}" of entity "${made.name}"`
  const parsed = parseEventKey(key)
  if ('problem' in parsed) fail(made, `${where} ${parsed.problem}`, { event: key })
  // The definition may come from JavaScript, or from a schema library without Standard Schema.
  const schema: unknown = isObject(definition) ? eventOptions(definition).schema : undefined
  const standard: unknown = isObject(schema) ? Reflect.get(schema, '~standard') : undefined
  if (!isObject(standard) || typeof Reflect.get(standard, 'validate') !== 'function') {
    fail(made, `${where} needs a Standard Schema, of zod 3.24 or later, valibot 1 or arktype 2 for example`, {
      event: key,
    })
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** With a scope `vip`, the events `payment.onPaid` and `vip.payment.onPaid` would share `order.vip.payment.onPaid`. */
function checkNames(made: Entity): void {
  const owners = new Map<string, string>()
  for (const scope of [null, ...made.scopes]) {
    for (const key of Object.keys(made.events)) {
      const name = eventName(made.name, scope, key)
      if (name.length > MAX_NAME_BYTES) {
        fail(made, `event name "${name.slice(0, 40)}…" has ${name.length} bytes, and AMQP allows ${MAX_NAME_BYTES}`, {
          event: key,
        })
      }
      const owner = scope === null ? `event "${key}"` : `event "${key}" in scope "${scope}"`
      const other = owners.get(name)
      if (other !== undefined) fail(made, `the name "${name}" would mean both ${other} and ${owner}`, { event: key })
      owners.set(name, owner)
    }
  }
}

function fail(made: Entity, message: string, details: Readonly<Record<string, unknown>> = {}): never {
  throw new WarrenError('CATALOG_INVALID', message, { entity: made.name, ...details })
}
