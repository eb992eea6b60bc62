/** Why and where the broker gave up on a message, from the `x-death` header it adds when it dead-letters. */
export interface Death {
  /** `rejected`, `expired`, `maxlen` or `delivery_limit`. */
  readonly reason: string
  readonly queue: string
  readonly exchange: string
  /** The routing keys with which the message was published to that exchange. */
  readonly routingKeys: readonly string[]
  readonly count: number
}

/** The most recent death; null when the message was never dead-lettered. */
export function lastDeath(headers: Readonly<Record<string, unknown>> | undefined): Death | null {
  // The newest comes first.
  const deaths: unknown = headers?.['x-death']
  const death: unknown = Array.isArray(deaths) ? deaths[0] : undefined
  if (typeof death !== 'object' || death === null) return null
  const field = (name: string): unknown => Reflect.get(death, name)
  const keys = field('routing-keys')
  const count = field('count')
  return {
    reason: text(field('reason')),
    queue: text(field('queue')),
    exchange: text(field('exchange')),
    routingKeys: Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [],
    count: typeof count === 'number' ? count : 1,
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
