import type { Publisher, PublishOutcome } from '../amqp/publisher.ts'
import type { Logger } from '../logger.ts'
import { encodeControl } from './messages.ts'
import type { ControlMessage, ControlTarget } from './messages.ts'

/**
 * Sends a message of reconciliation. One that is lost is sent again by whoever misses its effect; one that the broker refuses
 * would be refused each time, mostly for want of a permission, and so it is told. Never rejects.
 */
export async function sendControl(
  { publisher, logger }: { readonly publisher: Publisher; readonly logger: Logger },
  message: ControlMessage,
  target: ControlTarget,
): Promise<PublishOutcome> {
  const outcome = await publisher.publish(encodeControl(message, target))
  if (outcome.kind === 'refused') {
    const { exchange, routingKey } = target
    logger.warn(
      { exchange, routingKey, error: `${outcome.code} ${outcome.text}` },
      `the broker refused the ${message.kind}: nothing can be proved until that is mended`,
    )
  }
  return outcome
}
