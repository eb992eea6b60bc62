import { reservedHeaders } from './event.ts'
import type { Message } from './message.ts'

/** What encodeEvent() needs of an event; a row of the outbox fits. */
export interface EncodableEvent {
  readonly id: string
  readonly name: string
  readonly entityId: string
  readonly source: string
  /** JSON text; becomes the body as it is. */
  readonly payload: string
  readonly headers: Readonly<Record<string, string>>
  readonly createdAt: Date
}

// message_id, type, app_id and correlation_id are AMQP short strings.
const MAX_SHORT_STRING_BYTES = 255

/**
 * The event as a message with its name as the routing key: a CloudEvent in AMQP's binary mode, with the AMQP properties
 * filled in as well, for consumers that know nothing of CloudEvents. The event's own headers are passed through.
 */
export function encodeEvent(event: EncodableEvent, exchange: string): Message {
  const { [reservedHeaders.correlationId]: correlationId, ...headers } = event.headers
  const isShort = correlationId !== undefined && Buffer.byteLength(correlationId) <= MAX_SHORT_STRING_BYTES
  const createdAtMs = event.createdAt.getTime()
  return {
    exchange,
    routingKey: event.name,
    body: Buffer.from(event.payload),
    properties: {
      messageId: event.id,
      type: event.name,
      contentType: 'application/json',
      timestamp: Math.floor(createdAtMs / 1000),
      appId: event.source,
      ...(isShort ? { correlationId } : {}),
      deliveryMode: 2,
      headers: {
        // A correlation id that is too long for its property stays a header.
        ...(isShort ? headers : event.headers),
        cloudEvents_specversion: '1.0',
        cloudEvents_id: event.id,
        cloudEvents_source: event.source,
        cloudEvents_type: event.name,
        cloudEvents_subject: event.entityId,
        cloudEvents_time: event.createdAt.toISOString(),
        cloudEvents_datacontenttype: 'application/json',
      },
    },
  }
}
