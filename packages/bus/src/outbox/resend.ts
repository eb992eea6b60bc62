import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher, PublishOutcome } from '../amqp/publisher.ts'
import { encodeEvent } from '../envelope/encode.ts'
import type { EncodableEvent } from '../envelope/encode.ts'

/**
 * Sends an event to one subscription alone: the same id, through the direct exchange, into its queue. Through the event's own
 * exchange every other subscription would get it again. Never rejects.
 */
export function resend(
  publisher: Publisher,
  names: BrokerNames,
  event: EncodableEvent,
  queue: string,
): Promise<PublishOutcome> {
  const message = encodeEvent(event, names.directExchange)
  return publisher.publish({
    ...message,
    routingKey: queue,
    properties: { ...message.properties, headers: { ...message.properties.headers, [RESENT_HEADER]: queue } },
  })
}

/** Tells whoever looks at the queue that this is a resend, and for whom. */
export const RESENT_HEADER = 'warren-resent'

/** Why it was not taken; null when it was confirmed. */
export function resendError(outcome: PublishOutcome): string | null {
  switch (outcome.kind) {
    case 'confirmed':
      return null
    case 'returned':
      return `no queue took it (${outcome.replyText})`
    case 'nacked':
      return 'the broker answered with a nack'
    case 'unknown':
      return `no confirm came (${outcome.reason})`
    case 'refused':
      return `${outcome.code} ${outcome.text}`
  }
}
