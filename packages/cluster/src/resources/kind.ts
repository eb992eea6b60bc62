import type * as z from 'zod'
import type { Broker } from '../management/broker.ts'
import type { ManagementClient } from '../management/client.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Compiled } from '../spec/compile.ts'
import type { Change, Value } from './value.ts'

/** One object on the broker, found or wanted. */
export interface Resource<V extends object = Value> {
  /** Undefined for what belongs to the whole cluster. */
  readonly vhost?: string
  /** Unique within kind and vhost, and what a person calls it. */
  readonly name: string
  readonly value: V
}

/** Where a kind is written in a spec: `vhosts.<name>.<section>`, or `<section>` at the top. */
export interface Section {
  readonly at: 'vhost' | 'cluster'
  readonly name: string
  readonly schema: z.ZodType
}

export interface PutContext {
  readonly client: ManagementClient
  readonly broker: Broker
}

export interface RemoveContext extends PutContext {
  /** A person has named it, and knows that what is in it is lost. */
  readonly isForced: boolean
}

/**
 * All that there is to know about one kind of resource. To add a kind, write one and enter it in the registry, in the order
 * of dependency.
 */
export interface ResourceKind<V extends object = Value> {
  /** As on the command line: `--only queue/qu.order.crm`. */
  readonly kind: string
  /** Undefined for a kind whose section another one declares. */
  readonly section?: Section
  /** Fields, or `field.key`, that the broker cannot change on an object that exists. */
  readonly immutable?: readonly string[]
  /** What to do about an immutable change, in the words of a person who has to decide. */
  wayOut?(resource: Resource<V>, changes: readonly Change[], broker: Broker): string
  /** What the spec wants. */
  wanted(compiled: Compiled): Iterable<Resource<V>>
  /** What the broker has; what the broker and its plugins keep for themselves is left out. */
  found(snapshot: Snapshot): Iterable<Resource<V>>
  /** Default: `changesBetween`. */
  changes?(found: V, wanted: V): readonly Change[]
  /** Creates or changes; a PUT replaces the whole object, so every field is sent. */
  put(context: PutContext, wanted: Resource<V>, found: Resource<V> | undefined): Promise<void>
  /** Undefined for what cannot be removed. */
  remove?(context: RemoveContext, found: Resource<V>): Promise<void>
}

/** The key of a resource among all of them. */
export function identityOf(kind: string, resource: { readonly vhost?: string; readonly name: string }): string {
  return JSON.stringify([kind, resource.vhost ?? null, resource.name])
}

/** `queue "qu.order.crm" in vhost "common"`. */
export function labelOf(kind: string, resource: { readonly vhost?: string; readonly name: string }): string {
  const where = resource.vhost === undefined || kind === 'vhost' ? '' : ` in vhost "${resource.vhost}"`
  return `${kind} "${resource.name}"${where}`
}
