import type { RawMessage, UndecodableMessage } from '../envelope/decode.ts'
import { WarrenError } from '../errors.ts'
import type { NewFailure } from '../store/store.ts'
import { describeError } from './fingerprint.ts'

/**
 * The row of a message that is no envelope of Warren's: as much of it as could be read, its body kept byte for byte.
 * `fallbackId` names it when it has no usable id of its own.
 */
export function unreadableFailure(
  subscription: string,
  raw: RawMessage,
  message: UndecodableMessage,
  reason: string,
  fallbackId: string,
): NewFailure {
  const text = raw.body.toString('utf8')
  // NUL is the one character that a text column of PostgreSQL cannot hold.
  const isText = !text.includes('\0') && Buffer.from(text, 'utf8').equals(raw.body)
  return {
    subscription,
    messageId: message.id ?? fallbackId,
    name: message.name,
    entityId: message.entityId,
    source: message.source,
    payload: isText ? text : raw.body.toString('base64'),
    encoding: isText ? 'utf8' : 'base64',
    headers: message.headers,
    state: 'parked',
    attempts: 0,
    delayMs: 0,
    error: describeError(new WarrenError('MESSAGE_INVALID', reason)),
  }
}
