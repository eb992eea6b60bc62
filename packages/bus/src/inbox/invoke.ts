import type { Catalog } from '../catalog/catalog.ts'
import type { DecodedMessage } from '../envelope/decode.ts'
import { uuidTime } from '../envelope/uuid.ts'
import { WarrenError } from '../errors.ts'
import { messagingAttributes, noTelemetry } from '../telemetry.ts'
import type { Telemetry } from '../telemetry.ts'
import { withDeadline } from './deadline.ts'
import { handlingContext } from '../envelope/handling-context.ts'
import type { AnyEvent, Handler, Subscription } from './subscription.ts'

/** What every way of calling a handler needs, with an inbox or without. */
export interface InvokeOptions<Context> {
  readonly subscription: Subscription
  readonly handler: Handler<AnyEvent, Context>
  readonly catalog: Catalog
  readonly telemetry: Telemetry
  readonly queue: string
  /** Messages older than this are parked: the inbox no longer remembers whether they were handled. */
  readonly maxAgeMs: number
}

/**
 * Checks the message against the catalog and calls the handler with a deadline, inside a span that continues the
 * publisher's trace. Throws EVENT_UNKNOWN, EVENT_INVALID, MESSAGE_TOO_OLD, HANDLER_TIMEOUT, and whatever the handler throws.
 */
export async function invoke<Context>(
  options: InvokeOptions<Context>,
  message: DecodedMessage,
  makeContext: (signal: AbortSignal) => Context,
): Promise<void> {
  const { subscription, handler, catalog, telemetry, queue, maxAgeMs } = options
  const run = async (): Promise<void> => {
    const ageMs = Date.now() - (uuidTime(message.id) ?? message.time).getTime()
    if (ageMs > maxAgeMs) {
      throw new WarrenError(
        'MESSAGE_TOO_OLD',
        `the message is ${Math.round(ageMs / 86_400_000)} days old; the inbox no longer knows whether it was handled`,
        { id: message.id },
      )
    }
    const data = await catalog.validate(message.name, message.data)
    const { payload: _payload, data: _input, order, ...envelope } = message
    const event: AnyEvent = { ...envelope, ...(order === undefined ? {} : { sequence: order.sequence }), data }
    await handlingContext.run({ id: message.id, correlationId: message.correlationId }, () =>
      withDeadline(subscription.timeoutMs, `the handler of "${subscription.name}"`, (signal) =>
        handler(event, makeContext(signal)),
      ),
    )
  }
  if (telemetry === noTelemetry) return run()

  const attributes = {
    ...messagingAttributes('process', `${queue}:${message.name}`, message.name),
    'messaging.message.id': message.id,
    'messaging.consumer.group.name': subscription.name,
  }
  const startedAtMs = performance.now()
  const name = `process ${message.name}`
  try {
    await telemetry.span({ name, kind: 'consumer', parent: message.headers, attributes }, run)
  } finally {
    const measured = {
      ...messagingAttributes('process', queue, message.name),
      'messaging.consumer.group.name': subscription.name,
    }
    telemetry.record('messaging.process.duration', (performance.now() - startedAtMs) / 1000, measured)
    telemetry.record('messaging.client.consumed.messages', 1, measured)
  }
}
