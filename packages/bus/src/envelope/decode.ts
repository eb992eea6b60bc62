import { isUtf8 } from 'node:buffer'
import { reservedHeaders } from './event.ts'
import { readOrder } from './order.ts'
import type { EventOrder } from './order.ts'
import { isUuid, uuidTime } from './uuid.ts'

/** A message as it came from the broker. Nothing in it can be trusted to have a type: any client may have written it. */
export interface RawMessage {
  readonly body: Buffer
  readonly fields: {
    readonly exchange: string
    readonly routingKey: string
    readonly redelivered: boolean
  }
  readonly properties: RawProperties
}

export interface RawProperties {
  readonly messageId?: unknown
  readonly type?: unknown
  readonly timestamp?: unknown
  readonly appId?: unknown
  readonly correlationId?: unknown
  readonly contentType?: unknown
  readonly contentEncoding?: unknown
  readonly headers?: Readonly<Record<string, unknown>> | undefined
}

export interface DecodedMessage {
  /** A UUID in lower case. */
  readonly id: string
  readonly name: string
  /** Empty when the publisher named none. */
  readonly entityId: string
  /** The publishing service; empty when it did not say. */
  readonly source: string
  readonly time: Date
  /** JSON text. */
  readonly payload: string
  /** The payload, parsed. */
  readonly data: unknown
  /** Trace context and the publisher's own headers, as text. */
  readonly headers: Readonly<Record<string, string>>
  readonly correlationId: string | null
  /** Of an event whose entity is ordered. */
  readonly order?: EventOrder
}

/** What could be read of an invalid message: enough to park it and to show it. */
export interface UndecodableMessage extends Omit<DecodedMessage, 'id' | 'data'> {
  readonly id: string | null
}

export type Decoded =
  | { readonly ok: true; readonly message: DecodedMessage }
  | { readonly ok: false; readonly reason: string; readonly message: UndecodableMessage }

/**
 * Reads an event from a message of any client. Needed are a UUID as `message_id` (or CloudEvents id) and a body of JSON
 * in UTF-8; the name is `type`, else the CloudEvents type, else the routing key. Never throws.
 */
export function decodeMessage(raw: RawMessage, receivedAt: Date = new Date()): Decoded {
  const { properties, fields, body } = raw
  const headers = properties.headers ?? {}
  const givenId = text(properties.messageId) ?? cloudEvent(headers, 'id')
  const id = givenId?.toLowerCase() ?? null
  const order = readOrder(headers)
  const readable = {
    name: text(properties.type) ?? cloudEvent(headers, 'type') ?? storable(fields.routingKey),
    entityId: cloudEvent(headers, 'subject') ?? '',
    source: text(properties.appId) ?? cloudEvent(headers, 'source') ?? '',
    time: timeOf(properties, headers) ?? (id === null ? null : uuidTime(id)) ?? receivedAt,
    payload: bodyText(body),
    headers: ownHeaders(headers),
    correlationId: text(properties.correlationId) ?? text(headers[reservedHeaders.correlationId]),
    ...(order == null ? {} : { order }),
  }
  const invalid = (reason: string): Decoded => ({
    ok: false,
    reason,
    message: { ...readable, id: isUuid(id) ? id : null, payload: storable(readable.payload) },
  })

  if (id === null) return invalid('it has no message_id')
  if (!isUuid(id)) return invalid(`its message_id "${id}" is not a UUID`)
  if (readable.name === '') return invalid('it has neither a type nor a routing key')
  if (Buffer.byteLength(readable.name) > 255) return invalid('its type is longer than 255 bytes')
  if (order === null) return invalid('its place in the order of its entity cannot be read')
  if (!isUtf8(body)) return invalid(`its body is not UTF-8${encodingHint(properties)}`)
  try {
    const data: unknown = JSON.parse(readable.payload)
    return { ok: true, message: { ...readable, id, data } }
  } catch (error) {
    return invalid(`its body is not JSON: ${error instanceof Error ? storable(error.message) : ''}`)
  }
}

/** Non-empty text, else null. */
function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? storable(value) : null
}

/** PostgreSQL's text holds every character but NUL: one such message must not keep a batch from being stored. */
function storable(value: string): string {
  return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}

/** CloudEvents attributes are written with `_`, as JMS needs it, or with `:`. */
function cloudEvent(headers: Readonly<Record<string, unknown>>, attribute: string): string | null {
  return text(headers[`cloudEvents_${attribute}`]) ?? text(headers[`cloudEvents:${attribute}`])
}

function timeOf(properties: RawProperties, headers: Readonly<Record<string, unknown>>): Date | null {
  return dateOf(cloudEvent(headers, 'time') ?? headers['cloudEvents:time']) ?? dateOf(properties.timestamp)
}

function dateOf(value: unknown): Date | null {
  const inner = timestampValue(value) ?? value
  if (typeof inner !== 'string' && typeof inner !== 'number') return null
  // AMQP counts seconds; some clients write milliseconds, which as seconds would lie after the year 5000.
  const date = new Date(typeof inner === 'number' && inner < 1e11 ? inner * 1000 : inner)
  return Number.isNaN(date.getTime()) ? null : date
}

/** amqplib's form of a timestamp in a header. */
function timestampValue(value: unknown): number | null {
  if (typeof value !== 'object' || value === null || Reflect.get(value, '!') !== 'timestamp') return null
  const seconds: unknown = Reflect.get(value, 'value')
  return typeof seconds === 'number' ? seconds : null
}

/** A byte order mark is allowed to be there and is not part of the JSON. */
function bodyText(body: Buffer): string {
  const decoded = body.toString('utf8')
  return decoded.startsWith('\uFEFF') ? decoded.slice(1) : decoded
}

// What the broker, CloudEvents and the publisher's confirm tracking add is not the publisher's own.
const FOREIGN_HEADER =
  /^(cloudEvents[_:]|warren-|x-(death|delivery-count|acquired-count|stream-offset|received-from|routed-by)$|x-(first|last)-death-)/

function ownHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const own: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (FOREIGN_HEADER.test(name) || name === reservedHeaders.correlationId || name === '__proto__') continue
    const written = headerText(value)
    if (written !== null) own[storable(name)] = storable(written)
  }
  return own
}

function headerText(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value === null || value === undefined) return null
  if (Buffer.isBuffer(value)) return isUtf8(value) ? value.toString('utf8') : value.toString('base64')
  const time = timestampValue(value) === null ? null : dateOf(value)
  if (time !== null) return time.toISOString()
  return JSON.stringify(value)
}

function encodingHint(properties: RawProperties): string {
  const encoding = text(properties.contentEncoding)
  return encoding === null ? '' : `; its content encoding is "${encoding}", Warren reads none`
}
