import type { Catalog } from '../catalog/catalog.ts'
import { reservedHeaders } from '../envelope/event.ts'
import { orderHeaders, orderKey } from '../envelope/order.ts'
import { newId, newIdAt } from '../envelope/uuid.ts'
import { WarrenError } from '../errors.ts'
import type { NextInOrder } from '../store/contract/order.ts'
import type { NewEvent } from '../store/store.ts'
import { bucketOf } from './buckets.ts'

/**
 * 1 MiB. The broker takes up to 16 MiB by default (4.x) or 128 MiB (3.x), but copies each message to every queue that
 * matches and keeps it in the memory of every quorum member.
 */
export const DEFAULT_MAX_BODY_BYTES: number = 1024 * 1024

/** Those of the envelope and the broker; a CC or BCC would route the message past its exchange. */
const RESERVED_HEADER = /^(cloudEvents[_:]|warren-|x-|B?CC$)/

/** All headers of one message share one AMQP frame (128 KiB by default) with the other properties. */
export const MAX_HEADERS_BYTES: number = 16 * 1024

export interface PublishOptions {
  /** Default: the entity's identity field of the payload. At most 255 bytes. */
  readonly entityId?: string
  /** Carried to every handler. Default: that of the event being handled, else its id, else none. */
  readonly correlationId?: string
  /** Carried to every handler; at most 16 KiB with names and trace context. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface PublishContext {
  readonly catalog: Catalog
  readonly service: string
  readonly maxBodyBytes: number
}

/**
 * Makes the ledger row of an event: checks the name and the payload, encodes it once and for good. Throws EVENT_UNKNOWN,
 * EVENT_INVALID, EVENT_TOO_LARGE, ENTITY_ID_MISSING.
 */
export async function newEvent(
  context: PublishContext,
  name: string,
  data: unknown,
  options: PublishOptions,
  traceHeaders: Readonly<Record<string, string>>,
): Promise<NewEvent> {
  const { catalog, service, maxBodyBytes } = context
  const payload = await catalog.encode(name, data)
  const definition = catalog.find(name)
  if (definition === undefined)
    throw new WarrenError('EVENT_UNKNOWN', `event "${name}" is not in the catalog`, { name })

  const bodyBytes = Buffer.byteLength(payload)
  if (bodyBytes > maxBodyBytes) {
    throw new WarrenError(
      'EVENT_TOO_LARGE',
      `the payload of "${name}" has ${bodyBytes} bytes, maxBodyBytes is ${maxBodyBytes}; publish a reference to the data instead`,
      { name, bodyBytes, maxBodyBytes },
    )
  }

  const entityId = options.entityId ?? catalog.entityId(name, data)
  if (entityId === undefined || entityId === '') {
    throw new WarrenError(
      'ENTITY_ID_MISSING',
      `"${name}" needs options.entityId or a value in the payload's "${definition.identity}"`,
      { name, identity: definition.identity },
    )
  }
  return {
    id: newId(),
    name,
    entityId,
    source: service,
    payload,
    headers: headersOf(name, options, traceHeaders),
    isOptional: definition.isOptional,
    bucket: bucketOf(entityId),
    ...(definition.isOrdered ? { orderKey: orderKey(name, entityId) } : {}),
  }
}

/** The event at its place: its id has a time of its own, so that the ids of an entity's events sort as they were committed. */
export function placed(event: NewEvent, { sequence, atMs, previous }: NextInOrder): NewEvent {
  return {
    ...event,
    id: newIdAt(atMs),
    headers: { ...event.headers, [orderHeaders.sequence]: String(sequence), [orderHeaders.previous]: previous },
  }
}

function headersOf(
  name: string,
  options: PublishOptions,
  traceHeaders: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const reserved: readonly string[] = Object.values(reservedHeaders)
  for (const header of Object.keys(options.headers ?? {})) {
    if (reserved.includes(header) || RESERVED_HEADER.test(header)) {
      throw new WarrenError('CONFIG_INVALID', `the header "${header}" of "${name}" is reserved`, { name, header })
    }
  }
  const headers = {
    ...options.headers,
    ...traceHeaders,
    ...(options.correlationId === undefined ? {} : { [reservedHeaders.correlationId]: options.correlationId }),
  }
  const headersBytes = Buffer.byteLength(JSON.stringify(headers))
  if (headersBytes > MAX_HEADERS_BYTES) {
    throw new WarrenError(
      'EVENT_TOO_LARGE',
      `the headers of "${name}" have ${headersBytes} bytes, at most ${MAX_HEADERS_BYTES} fit beside the other properties`,
      { name, headersBytes },
    )
  }
  return headers
}
