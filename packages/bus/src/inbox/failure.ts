import type { DecodedMessage } from '../envelope/decode.ts'
import { reservedHeaders } from '../envelope/event.ts'
import { WarrenError } from '../errors.ts'
import { orderHeaders, readOrder } from '../envelope/order.ts'
import type { EventOrder } from '../envelope/order.ts'
import type { FailureOrder } from '../store/contract/order.ts'
import type { Failure, FailureError, NewFailure } from '../store/store.ts'
import type { Outcome } from './outcome.ts'
import { describeError } from './fingerprint.ts'

const timeHeader = 'warren-time'

/**
 * The row that keeps a failed message: all that is needed to handle it again, why it failed, and its place in an order. `beganMs`: when its
 * handler began, which has just ended, by `performance.now()`; left out where none was called.
 */
export function failureOf(
  subscription: string,
  message: DecodedMessage,
  error: unknown,
  attempts: number,
  outcome: Outcome,
  order: FailureOrder | null,
  beganMs?: number,
): NewFailure {
  const state = outcome.kind === 'retry' ? 'retrying' : 'parked'
  const delayMs = outcome.kind === 'retry' ? outcome.delayMs : 0
  const ran = beganMs === undefined ? {} : { ran: ranSince(beganMs) }
  return { ...keptMessage(subscription, message), state, attempts, delayMs, error: describeError(error), order, ...ran }
}

/** Of a handler that has just ended. */
export function ranSince(beganMs: number): NonNullable<NewFailure['ran']> {
  return { beganMs, endedMs: performance.now() }
}

/** The row that keeps an event until its turn has come. */
export function waitingOf(
  subscription: string,
  message: DecodedMessage,
  error: FailureError,
  delayMs: number,
  order: FailureOrder | null,
): NewFailure {
  return { ...keptMessage(subscription, message), state: 'retrying', attempts: 0, delayMs, error, order }
}

type KeptMessage = Pick<
  NewFailure,
  'subscription' | 'messageId' | 'name' | 'entityId' | 'source' | 'payload' | 'encoding' | 'headers'
>

function keptMessage(subscription: string, message: DecodedMessage): KeptMessage {
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
      ...(message.order === undefined ? {} : writeOrder(message.order)),
    },
  }
}

function writeOrder({ sequence, previous }: EventOrder): Record<string, string> {
  const places = Object.fromEntries([...previous].map(([name, place]) => [name, [place.sequence, place.atMs]]))
  return { [orderHeaders.sequence]: String(sequence), [orderHeaders.previous]: JSON.stringify(places) }
}

/** The message as it came, from the row that kept it. */
export function messageOf(failure: Failure): DecodedMessage {
  const order = readOrder(failure.headers)
  const {
    [timeHeader]: time,
    [reservedHeaders.correlationId]: correlationId,
    [orderHeaders.sequence]: _sequence,
    [orderHeaders.previous]: _previous,
    ...headers
  } = failure.headers
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
    ...(order == null ? {} : { order }),
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
