/**
 * One event as an AMQP 0-9-1 message. The mapping is documented in docs/envelope.md: whoever writes these properties
 * with any client exchanges events with Warren in both directions.
 */
export interface Message {
  readonly exchange: string
  readonly routingKey: string
  readonly body: Buffer
  readonly properties: MessageProperties
}

export interface MessageProperties {
  readonly messageId: string
  /** The event's name. */
  readonly type: string
  readonly contentType: 'application/json'
  /** Seconds since the epoch. */
  readonly timestamp: number
  /** The publishing service. */
  readonly appId: string
  readonly correlationId?: string
  /** 2: persistent. */
  readonly deliveryMode: 2
  readonly headers: Readonly<Record<string, string | number>>
}
