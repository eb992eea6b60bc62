import type { Publisher, PublishOutcome } from '../amqp/publisher.ts'
import type { Message } from '../envelope/message.ts'
import { messagingAttributes, noTelemetry } from '../telemetry.ts'
import type { Telemetry } from '../telemetry.ts'

/** Publishes a message inside a span that continues the trace of the event's publish(), and measures it. Never rejects. */
export function send(
  publisher: Publisher,
  telemetry: Telemetry,
  message: Message,
  parent: Readonly<Record<string, string>>,
): Promise<PublishOutcome> {
  // A span for each message costs more than the message.
  if (telemetry === noTelemetry) return publisher.publish(message)

  const { exchange, routingKey, properties } = message
  const attributes = {
    ...messagingAttributes('publish', `${exchange}:${routingKey}`, routingKey),
    'messaging.message.id': properties.messageId,
  }
  const startedAtMs = performance.now()
  return telemetry.span({ name: `publish ${routingKey}`, kind: 'producer', parent, attributes }, async () => {
    const outcome = await publisher.publish(message)
    const measured = { ...messagingAttributes('publish', exchange, routingKey), 'warren.outcome': outcome.kind }
    telemetry.record('messaging.client.operation.duration', (performance.now() - startedAtMs) / 1000, measured)
    if (outcome.kind === 'confirmed') telemetry.record('messaging.client.sent.messages', 1, measured)
    if (outcome.kind === 'returned') telemetry.record('warren.unroutable', 1, measured)
    return outcome
  })
}
