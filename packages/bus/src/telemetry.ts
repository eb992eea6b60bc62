/**
 * Spans and metrics by OpenTelemetry's messaging conventions, behind a port: the bus does not depend on OpenTelemetry.
 * `@warren/bus/opentelemetry` is the implementation that services use.
 */
export interface Telemetry {
  /** The active trace context as headers (`traceparent`, `tracestate`); empty when there is none. */
  inject(): Readonly<Record<string, string>>
  /** Runs the work inside a span; a rejection is recorded on the span and rethrown. */
  span<T>(span: SpanDescription, work: () => Promise<T>): Promise<T>
  /** Adds to a counter or records a duration in seconds. */
  record(metric: Metric, value: number, attributes: Attributes): void
}

export type Attributes = Readonly<Record<string, string | number | boolean>>

export interface SpanDescription {
  readonly name: string
  readonly kind: 'producer' | 'consumer' | 'internal'
  /** Headers that carry the trace context of the parent; the active context when absent. */
  readonly parent?: Readonly<Record<string, string>>
  readonly attributes: Attributes
}

/** https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/ and Warren's own below `warren.`. */
export type Metric =
  | 'messaging.client.sent.messages'
  | 'messaging.client.consumed.messages'
  | 'messaging.client.operation.duration'
  | 'messaging.process.duration'
  | 'warren.retries'
  | 'warren.waiting'
  | 'warren.parked'
  | 'warren.duplicates'
  | 'warren.unroutable'

export const noTelemetry: Telemetry = {
  inject: () => ({}),
  span: (_span, work) => work(),
  record: () => undefined,
}

/** Attributes that every span and metric of a message has. */
export function messagingAttributes(
  operation: 'publish' | 'process',
  destination: string,
  routingKey: string,
): Attributes {
  return {
    'messaging.system.name': 'rabbitmq',
    // Deprecated in favour of messaging.system.name; today's collectors still group by it.
    'messaging.system': 'rabbitmq',
    'messaging.operation.name': operation,
    'messaging.operation.type': operation === 'publish' ? 'send' : 'process',
    'messaging.destination.name': destination,
    'messaging.rabbitmq.destination.routing_key': routingKey,
  }
}
