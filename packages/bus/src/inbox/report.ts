import type { DecodedMessage } from '../envelope/decode.ts'
import type { Logger } from '../logger.ts'
import type { Telemetry } from '../telemetry.ts'
import type { BatchResult } from './batch.ts'
import type { Subscription } from './subscription.ts'

export interface ReportOptions {
  readonly subscription: Subscription
  readonly logger: Logger
  readonly telemetry: Telemetry
}

/** Tells logs and metrics what became of a message; nothing of one that was simply handled. */
export function reportResult(options: ReportOptions, message: DecodedMessage, result: BatchResult): void {
  const { subscription, logger, telemetry } = options
  const attributes = { 'messaging.consumer.group.name': subscription.name }
  if (result.kind === 'duplicate') telemetry.record('warren.duplicates', 1, attributes)
  if (result.kind === 'waiting') telemetry.record('warren.waiting', 1, attributes)
  if (result.kind !== 'failed') return

  const { state, error, delayMs } = result.failure
  const fields = {
    subscription: subscription.name,
    id: message.id,
    event: message.name,
    entityId: message.entityId,
    code: error.code,
    error: error.message,
  }
  if (state === 'parked') logger.error(fields, 'the handler failed; the message is parked')
  else logger.warn({ ...fields, delayMs }, 'the handler failed; the message is tried again')
  telemetry.record(state === 'parked' ? 'warren.parked' : 'warren.retries', 1, attributes)
}
