import type { DecodedMessage } from '../envelope/decode.ts'
import type { Failure, NewFailure, Sql } from '../store/store.ts'
import type { BatchOptions } from './batch.ts'
import { messageOf, ranSince } from './failure.ts'
import { describeError } from './fingerprint.ts'
import { invoke } from './invoke.ts'
import type { Turns } from './ordering.ts'
import { decideOutcome } from './outcome.ts'

/** An event that waited behind another one, and what came of it. */
export interface Follower {
  readonly id: string
  readonly name: string
  readonly kind: 'handled' | 'failed'
}

/**
 * Handles the events that wait behind one that has just been handled, in the transaction that handled it: one after the other, each
 * behind a savepoint, until one fails, none is there, or a batch is full. One by one they would come more slowly than new
 * ones do, and an entity that was held up once would never catch up.
 */
export async function handleFollowers<Tx extends Sql>(
  options: BatchOptions<Tx>,
  tx: Tx,
  turns: Turns<Tx>,
  first: DecodedMessage,
): Promise<readonly Follower[]> {
  const { store, subscription } = options
  const startedAtMs = performance.now()
  const followers: Follower[] = []
  for (const failure of await turns.waiting(tx, first, subscription.batchSize)) {
    if (performance.now() - startedAtMs > subscription.maxBatchMs) break
    const message = messageOf(failure)
    if ((await turns.kept(tx, message, failure)).kind !== 'now') break
    const failed = await handleFollower(options, tx, message, failure)
    followers.push({ id: message.id, name: message.name, kind: failed === null ? 'handled' : 'failed' })
    if (failed !== null) {
      await store.inbox.fail(tx, [failed])
      break
    }
    // The position is held: nobody else can have settled it.
    await store.inbox.resolve(tx, subscription.name, message.id)
    turns.settled(message)
  }
  return followers
}

async function handleFollower<Tx extends Sql>(
  options: BatchOptions<Tx>,
  tx: Tx,
  message: DecodedMessage,
  failure: Failure,
): Promise<NewFailure | null> {
  const { store, subscription } = options
  const beganMs = performance.now()
  try {
    await store.savepoint(tx, (inner) =>
      invoke(options, message, (signal) => ({ tx: inner, signal, attempt: 1, subscription: subscription.name })),
    )
    return null
  } catch (error) {
    if (store.isUnavailable(error)) throw error
    const outcome = decideOutcome(error, 1, subscription.retry, Math.random())
    return {
      ...failure,
      attempts: 1,
      state: outcome.kind === 'retry' ? 'retrying' : 'parked',
      delayMs: outcome.kind === 'retry' ? outcome.delayMs : 0,
      error: describeError(error),
      ran: ranSince(beganMs),
    }
  }
}
