import type { DecodedMessage } from '../envelope/decode.ts'
import { isWarrenError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import type { Failure, NewFailure, Sql } from '../store/store.ts'
import type { BatchOptions } from './batch.ts'
import { crashed } from './batch.ts'
import { messageOf, ranSince } from './failure.ts'
import { describeError } from './fingerprint.ts'
import { handleFollowers } from './followers.ts'
import type { Follower } from './followers.ts'
import { invoke } from './invoke.ts'
import { passed } from './ordering.ts'
import type { Turns } from './ordering.ts'
import { decideOutcome } from './outcome.ts'

export interface RetriesOptions<Tx extends Sql> extends BatchOptions<Tx> {
  readonly logger: Logger
  /** Longest pause between two looks into the store; a person's retry waits no longer than this. Default 1 s. */
  readonly pollMs?: number
}

/** So that a claim never expires under a handler that still runs. */
const LEASE_MARGIN_MS = 5_000
const BUSY_PAUSE_MS = 500

/**
 * Runs the due retries of one subscription from the store, as many at a time as it has lanes, beside the deliveries: a message that
 * fails again blocks nobody. A claim counts the attempt before the handler runs, so a process that dies in it is counted.
 */
export class Retries<Tx extends Sql> {
  readonly signals: {
    readonly settled: Signal<{
      readonly id: string
      readonly name: string
      /**
       * `waiting`: its turn has not come. `dropped`: somebody discarded it, or changed its payload, while its handler ran; the handler's
       * effects were rolled back.
       */
      readonly kind: 'handled' | 'failed' | 'waiting' | 'dropped'
    }>
  } = {
    settled: new Signal(),
  }
  readonly #options: RetriesOptions<Tx>
  #isRunning = false
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> = Promise.resolve()
  #isRoundRunning = false
  /** Something became due while a round ran. */
  #isWoken = false

  constructor(options: RetriesOptions<Tx>) {
    this.#options = options
  }

  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#schedule(0)
  }

  /** Waits for the handlers that run. */
  async stop(): Promise<void> {
    this.#isRunning = false
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#round
  }

  /** Something is due now: looks at once, or right after the round that runs. */
  wake(): void {
    if (this.#isRoundRunning) this.#isWoken = true
    else this.#schedule(0)
  }

  #schedule(delayMs: number): void {
    if (!this.#isRunning) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        this.#isRoundRunning = true
        this.#round = this.#runRound().finally(() => {
          this.#isRoundRunning = false
        })
      },
      this.#isWoken ? 0 : delayMs,
    )
    this.#isWoken = false
  }

  async #runRound(): Promise<void> {
    const { store, subscription, ordering, logger, pollMs = 1_000 } = this.#options
    const { concurrency: limit } = subscription
    if (ordering?.isKnown === false) {
      this.#schedule(pollMs)
      return
    }
    try {
      // As many as run at once: what is claimed is started, so the lease needs to outlast one handler, its deadline and
      // its rollback. After a kill -9 nobody waits longer than that.
      const leaseMs = 2 * subscription.timeoutMs + LEASE_MARGIN_MS
      const claimed = await store.inbox.claimRetries(subscription.name, { limit, leaseMs })
      const results = await Promise.allSettled(claimed.map((failure) => this.#retryOrGiveBack(failure)))
      for (const result of results) if (result.status === 'rejected') throw result.reason
      const nextInMs = claimed.length === limit ? 0 : await store.inbox.nextRetryInMs(subscription.name)
      this.#schedule(Math.min(pollMs, nextInMs ?? pollMs))
    } catch (error) {
      logger.warn({ error, subscription: subscription.name }, 'retries could not be run; trying again')
      this.#schedule(pollMs)
    }
  }

  async #retryOrGiveBack(failure: Failure): Promise<void> {
    const { store, subscription } = this.#options
    try {
      await this.#retry(failure)
    } catch (error) {
      // The store is away more often than not: then the claim expires by itself, counted as one attempt.
      await store.inbox.unclaim(subscription.name, [failure.messageId], 1_000).catch(() => undefined)
      throw error
    }
  }

  /** `failure.attempts` counts this attempt already. Rejects only when the store is away. */
  async #retry(failure: Failure): Promise<void> {
    const { store, subscription } = this.#options
    let beganMs: number | null = null
    try {
      const message = messageOf(failure)
      // Only a claim that was never settled can get here: the process died in the handler, each time.
      if (failure.attempts > subscription.retry.attempts) throw crashed(message, failure.attempts - 1)
      let followers: readonly Follower[] = []
      const kind = await store.transaction(
        async (tx) => {
          const turns = await this.#openTurns(tx, failure, message)
          const turn = (await turns?.kept(tx, message, failure)) ?? { kind: 'now' }
          if (turn.kind === 'wait') {
            await store.order.hold(tx, subscription.name, message.id, turn.delayMs)
            return 'waiting'
          }
          // Another instance may have handled this very event: then it is no failure any more.
          if (turn.kind === 'passed') {
            throw (await store.inbox.resolve(tx, subscription.name, message.id)) ? passed(message) : new Dropped()
          }
          beganMs = performance.now()
          await invoke(this.#options, message, (signal) => ({
            tx,
            signal,
            attempt: failure.attempts,
            subscription: subscription.name,
          }))
          if (!(await store.inbox.isCurrent(tx, failure))) throw new Dropped()
          if (!(await store.inbox.resolve(tx, subscription.name, message.id))) throw new Dropped()
          turns?.settled(message)
          // Not behind one that was tried before: who takes the process down must be found out, and is, alone.
          if (turns !== null && failure.attempts === 1)
            followers = await handleFollowers(this.#options, tx, turns, message)
          if (((await turns?.close(tx)) ?? 0) > 0) this.#isWoken = true
          return 'handled'
        },
        { statementTimeoutMs: subscription.timeoutMs },
      )
      this.signals.settled.emit({ id: message.id, name: message.name, kind })
      for (const follower of followers) this.signals.settled.emit(follower)
    } catch (error) {
      if (error instanceof Dropped) {
        this.signals.settled.emit({ id: failure.messageId, name: failure.name, kind: 'dropped' })
        return
      }
      if (store.isUnavailable(error)) throw error
      if (isWarrenError(error, 'STORE_BUSY')) {
        // Events of its entity are being handled elsewhere, for long: nothing is counted.
        await store.inbox.unclaim(subscription.name, [failure.messageId], BUSY_PAUSE_MS)
        return
      }
      await this.#failAgain(failure, error, beganMs)
    }
  }

  /** Null for what has no place in an order, or none any more: it was set aside, or came too late, and a person wants it handled. */
  async #openTurns(tx: Tx, failure: Failure, message: DecodedMessage): Promise<Turns<Tx> | null> {
    const { ordering } = this.#options
    return ordering === null || failure.order == null ? null : ordering.open(tx, [message])
  }

  /** `beganMs`: null when its handler was not called. */
  async #failAgain(failure: Failure, error: unknown, beganMs: number | null): Promise<void> {
    const { store, subscription, logger, telemetry } = this.#options
    const outcome = decideOutcome(error, failure.attempts, subscription.retry, Math.random())
    const again: NewFailure = {
      ...failure,
      state: outcome.kind === 'retry' ? 'retrying' : 'parked',
      delayMs: outcome.kind === 'retry' ? outcome.delayMs : 0,
      error: describeError(error),
      ...(beganMs === null ? {} : { ran: ranSince(beganMs) }),
      ...(isWarrenError(error, 'ORDER_PASSED') ? { order: null } : {}),
    }
    const isRecorded = await store.transaction(async (tx) => {
      const isCurrent = await store.inbox.isCurrent(tx, failure)
      if (isCurrent) await store.inbox.fail(tx, [again])
      return isCurrent
    })
    if (!isRecorded) {
      this.signals.settled.emit({ id: failure.messageId, name: failure.name, kind: 'dropped' })
      return
    }
    const fields = {
      subscription: subscription.name,
      id: failure.messageId,
      event: failure.name,
      attempts: failure.attempts,
      code: again.error.code,
      error: again.error.message,
    }
    if (outcome.kind === 'park') logger.error(fields, 'the handler failed again; the message is parked')
    else logger.warn({ ...fields, delayMs: outcome.delayMs }, 'the handler failed again; the message is tried again')
    telemetry.record(outcome.kind === 'park' ? 'warren.parked' : 'warren.retries', 1, {
      'messaging.consumer.group.name': subscription.name,
    })
    this.signals.settled.emit({ id: failure.messageId, name: failure.name, kind: 'failed' })
  }
}

/** The failure is no longer ours: somebody discarded it, resolved it, or changed its payload, while the handler ran. Rolls its effects back. */
class Dropped extends Error {}
