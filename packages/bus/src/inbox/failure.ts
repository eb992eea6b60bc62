import type { DecodedMessage } from '../envelope/decode.ts'
import { reservedHeaders } from '../envelope/event.ts'
import { WarrenError } from '../errors.ts'
import type { Failure, NewFailure } from '../store/store.ts'
import type { Outcome } from './outcome.ts'
import { describeError } from './fingerprint.ts'

const timeHeader = 'warren-time'

/** The row that keeps a failed message: all that is needed to handle it again, and why it failed. */
export function failureOf(
  subscription: string,
  message: DecodedMessage,
  error: unknown,
  attempts: number,
  outcome: Outcome,
): NewFailure {
  return {
    subscription,
    messageId: message.id,
    name: message.name,
    entityId: message.entityId,
    source: message.source,
    payload: message.payload,
    encoding: 'utf8',
    headers: {
      ...message.headers,
      ...(message.correlationId === null ? {} : { [reservedHeaders.correlationId]: message.correlationId }),
      [timeHeader]: message.time.toISOString(),
    },
    state: outcome.kind === 'retry' ? 'retrying' : 'parked',
    attempts,
    delayMs: outcome.kind === 'retry' ? outcome.delayMs : 0,
    error: describeError(error),
  }
}

/** The message as it came, from the row that kept it. */
export function messageOf(failure: Failure): DecodedMessage {
  const { [timeHeader]: time, [reservedHeaders.correlationId]: correlationId, ...headers } = failure.headers
  return {
    id: failure.messageId,
    name: failure.name,
    entityId: failure.entityId,
    source: failure.source,
    time: time === undefined ? failure.firstFailedAt : new Date(time),
    payload: failure.payload,
    data: parseStored(failure),
    headers,
    correlationId: correlationId ?? null,
  }
}

function parseStored(failure: Failure): unknown {
  try {
    return JSON.parse(failure.payload)
  } catch (error) {
    // A message that was unreadable when it came is as unreadable now.
    throw new WarrenError(
      'MESSAGE_INVALID',
      `the body of "${failure.name}" is not JSON`,
      { id: failure.messageId },
      error,
    )
  }
}
