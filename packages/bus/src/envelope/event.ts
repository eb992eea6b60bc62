/** What a handler is told about an event beside its name and data. */
export interface EventEnvelope {
  /** UUIDv7 given at publish(); the same on every delivery of this event. */
  readonly id: string
  readonly entityId: string
  /** The service that published it. */
  readonly source: string
  /** When it was published, by the clock of the publisher's database. */
  readonly time: Date
  readonly correlationId: string | null
  /** Its place among all events of its entity, from 1, in the order of their commits; of an entity that is ordered. */
  readonly sequence?: number
  /** Trace context and the publisher's own headers. */
  readonly headers: Readonly<Record<string, string>>
}

/** Headers with a meaning of their own; the caller's must have other names. */
export const reservedHeaders = {
  correlationId: 'correlation-id',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
} as const
