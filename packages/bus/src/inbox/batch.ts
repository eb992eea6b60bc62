import type { DecodedMessage } from '../envelope/decode.ts'
import { WarrenError } from '../errors.ts'
import type { NewFailure, Sql, Store } from '../store/store.ts'
import { failureOf, waitingOf } from './failure.ts'
import { invoke } from './invoke.ts'
import type { InvokeOptions } from './invoke.ts'
import { inSequence, passed, waitsForItsTurn } from './ordering.ts'
import type { Ordering, Turns } from './ordering.ts'
import { decideOutcome } from './outcome.ts'
import type { HandlerContext } from './subscription.ts'

export interface BatchOptions<Tx extends Sql> extends InvokeOptions<HandlerContext<Tx>> {
  readonly store: Store<Tx>
  /** Null for a subscription that is not ordered. */
  readonly ordering: Ordering<Tx> | null
}

/** What a batch made of one message, once its transaction has committed. */
export type BatchResult =
  | { readonly kind: 'handled' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'failed'; readonly failure: NewFailure; readonly error: unknown }
  /** An earlier event of its entity is not settled: it is kept in the store until that is. */
  | { readonly kind: 'waiting'; readonly failure: NewFailure }
  /** The batch ran long enough and committed without it. */
  | { readonly kind: 'postponed' }

export interface Batch {
  readonly results: ReadonlyMap<string, BatchResult>
  /** Events that waited in the store for what this batch has handled, and are due now. */
  readonly released: number
}

/**
 * Handles messages in one transaction: inbox rows first, then each handler behind a savepoint of its own, so that a failure undoes
 * only itself, then the rows of those that failed. Of an ordered subscription the events of one entity are handled in sequence, and
 * those behind one that failed or has not come wait. Nothing has happened unless it resolves. Rejects with
 * STORE_UNAVAILABLE when the database is away, and with the database's error when the transaction cannot commit.
 */
export async function handleBatch<Tx extends Sql>(
  options: BatchOptions<Tx>,
  messages: readonly DecodedMessage[],
  { clearStarts }: { readonly clearStarts: boolean },
): Promise<Batch> {
  const { store, subscription, ordering } = options
  const run = async (tx: Tx): Promise<Batch> => {
    const fresh = await store.inbox.receive(tx, subscription.name, messages)
    // Inbox rows before positions, everywhere: else two transactions could wait for each other.
    const turns =
      ordering === null
        ? null
        : await ordering.open(
            tx,
            messages.filter(({ id }) => fresh.has(id)),
          )
    const results = new Map<string, BatchResult>()
    const postponed: string[] = []
    const startedAtMs = performance.now()

    for (const message of turns === null ? messages : inSequence(messages)) {
      if (results.has(message.id)) continue // twice in one batch: the first one counts
      if (!fresh.has(message.id)) results.set(message.id, { kind: 'duplicate' })
      else if (results.size > 0 && performance.now() - startedAtMs > subscription.maxBatchMs) {
        postponed.push(message.id)
        results.set(message.id, { kind: 'postponed' })
      } else results.set(message.id, await handleInTurn(options, tx, message, turns))
    }

    const failures = [...results.values()].flatMap((result) => ('failure' in result ? [result.failure] : []))
    if (failures.length > 0) await store.inbox.fail(tx, failures)
    if (postponed.length > 0) await store.inbox.forget(tx, subscription.name, postponed)
    if (clearStarts) {
      const settled = [...results].flatMap(([id, { kind }]) => (kind === 'postponed' ? [] : [id]))
      await store.inbox.clearStarts(tx, subscription.name, settled)
    }
    return { results, released: (await turns?.close(tx)) ?? 0 }
  }
  // In a transaction of its own, which SQLite does not give inside another one.
  await ordering?.stand()
  return store.transaction(run, { statementTimeoutMs: subscription.timeoutMs })
}

async function handleInTurn<Tx extends Sql>(
  options: BatchOptions<Tx>,
  tx: Tx,
  message: DecodedMessage,
  turns: Turns<Tx> | null,
): Promise<BatchResult> {
  const turn = turns?.arrived(message) ?? { kind: 'now' }
  const { name } = options.subscription
  switch (turn.kind) {
    case 'now': {
      const result = await handleOne(options, tx, message)
      if (result.kind === 'handled') turns?.settled(message)
      return result
    }
    case 'wait': {
      const order = options.ordering?.failureOrder(message) ?? null
      return { kind: 'waiting', failure: waitingOf(name, message, waitsForItsTurn, turn.delayMs, order) }
    }
    case 'passed': {
      const error = passed(message)
      return { kind: 'failed', failure: failureOf(name, message, error, 0, { kind: 'park' }, null), error }
    }
  }
}

async function handleOne<Tx extends Sql>(
  options: BatchOptions<Tx>,
  tx: Tx,
  message: DecodedMessage,
): Promise<BatchResult> {
  const { store, subscription, ordering } = options
  const beganMs = performance.now()
  for (let immediate = 0; ; immediate++) {
    try {
      await store.savepoint(tx, (inner) =>
        invoke(options, message, (signal) => ({ tx: inner, signal, attempt: 1, subscription: subscription.name })),
      )
      return { kind: 'handled' }
    } catch (error) {
      if (store.isUnavailable(error)) throw error
      const outcome = decideOutcome(error, 1, subscription.retry, Math.random())
      if (outcome.kind === 'retry' && immediate < subscription.retry.immediate) continue
      const order = ordering?.failureOrder(message) ?? null
      const failure = failureOf(subscription.name, message, error, 1, outcome, order, beganMs)
      return { kind: 'failed', failure, error }
    }
  }
}

/** Records a failure of a message that could not be recorded in its own transaction. False for a duplicate. */
export async function recordFailure<Tx extends Sql>(store: Store<Tx>, failure: NewFailure): Promise<boolean> {
  return store.transaction(async (tx) => {
    const received = { id: failure.messageId, name: failure.name, source: failure.source }
    const fresh = await store.inbox.receive(tx, failure.subscription, [received])
    if (fresh.has(failure.messageId)) await store.inbox.fail(tx, [failure])
    await store.inbox.clearStarts(tx, failure.subscription, [failure.messageId])
    return fresh.has(failure.messageId)
  })
}

/** The error of a message that took the process down each time it was started. */
export function crashed(message: DecodedMessage, starts: number): WarrenError {
  return new WarrenError(
    'HANDLER_CRASHED',
    `the process ended ${starts} times while it handled this message; it is not started again`,
    { id: message.id, starts },
  )
}
