import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Delivery } from '../amqp/consumer.ts'
import type { Publisher } from '../amqp/publisher.ts'
import { uuidTime } from '../envelope/uuid.ts'
import type { InHand } from '../inbox/in-hand.ts'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import type { LastAnswered, ReceiptStore, TimeRange } from '../store/contract/reconciliation.ts'
import { decodeControl } from './messages.ts'
import type { Answer, Barrier, ReceivedDetail } from './messages.ts'
import type { Standing } from './registry.ts'
import { sendControl } from './send-control.ts'

export interface ResponderOptions {
  readonly service: string
  readonly subscription: string
  readonly receipts: ReceiptStore
  readonly publisher: Publisher
  readonly controlExchange: string
  readonly inHand: InHand
  /** Null when that is not known. */
  readonly standing: () => Promise<Standing | null>
  /** How many messages wait in the subscription's dead letter queue; null when that cannot be told. */
  readonly countDeadLetters: () => Promise<number | null>
  /** Declares queue and bindings again. */
  readonly declare: () => Promise<void>
  readonly logger: Logger
  /** How often this instance says what it has settled. Default 5 s. */
  readonly reportMs?: number
}

/** An instance that has not reported for so long is dead: the broker has given what it held to the others by then. */
const ALIVE_MS = 60_000
/**
 * A delivery that left the broker before the barrier may reach its instance after the barrier has reached ours: others must have
 * settled what they were given until so much later.
 */
const ON_THE_WAY_MS = 1_000
/** 400 KB of JSON. */
const IDS_PER_ANSWER = 10_000

/**
 * Answers the barriers of one subscription. An answer says what the store holds when everything that lay before the
 * barrier in the queue is settled: by this instance, and by every other one that consumes the queue. A barrier is
 * acknowledged after its answer is sent; one that comes again is answered again, and answers that are lost are asked for again.
 */
export class Responder {
  readonly signals: { readonly answered: Signal<Answer> } = { answered: new Signal() }
  readonly #options: ResponderOptions
  readonly #instance = randomUUID()
  readonly #reportMs: number
  #settledThroughMs: number | null = null
  #timer: NodeJS.Timeout | null = null
  #reporting: Promise<void> = Promise.resolve()
  readonly #answering = new Set<Promise<void>>()
  /** Ends the pauses of those who wait for other instances. */
  readonly #stopped = new AbortController()
  #isRunning = false

  constructor(options: ResponderOptions) {
    this.#options = options
    this.#reportMs = options.reportMs ?? 5_000
  }

  /** Before the first delivery: others wait for what this instance may be given. */
  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    await this.#report()
    this.#timer = setInterval(() => {
      this.#reporting = this.#report()
    }, this.#reportMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#stopped.abort()
    // One that says that it lives after it has left would keep the others waiting for it.
    await Promise.all([this.#reporting, ...this.#answering])
    const { receipts, subscription, logger } = this.#options
    await receipts.leave(subscription, this.#instance).catch((error: unknown) => {
      logger.debug({ subscription, error }, 'an instance could not say that it leaves; others wait a minute for it')
    })
  }

  /** For the subscriber: a control message has come. Never throws. */
  accept(delivery: Delivery): void {
    const { inHand, logger, subscription } = this.#options
    const control = decodeControl(delivery.message)
    if (control?.kind !== 'barrier') {
      logger.warn({ subscription }, 'a control message cannot be read; it is dropped')
      delivery.ack()
      return
    }
    const barrier = control.body
    void inHand.settled().then((areSettled) => {
      // What came before it comes again, and so must the barrier, behind it.
      if (!areSettled || !this.#isRunning) delivery.requeue()
      else this.#track(this.#answerWhenAllSettled(barrier, delivery))
    })
  }

  #track(answering: Promise<void>): void {
    this.#answering.add(answering)
    void answering.finally(() => this.#answering.delete(answering))
  }

  async #answerWhenAllSettled(barrier: Barrier, delivery: Delivery): Promise<void> {
    const { receipts, subscription, logger } = this.#options
    try {
      const reachedMs = await receipts.report(subscription, this.#instance, null)
      await this.#othersSettled(reachedMs + ON_THE_WAY_MS)
      if (this.#isRunning) await this.#answer(barrier)
    } catch (error) {
      // A barrier that is lost is asked again.
      logger.warn({ subscription, barrier: barrier.id, error }, 'a barrier could not be answered')
    }
    if (this.#isRunning) delivery.ack()
    else delivery.requeue()
  }

  async #othersSettled(untilMs: number): Promise<void> {
    const { receipts, subscription } = this.#options
    while (this.#isRunning) {
      const othersMs = await receipts.othersSettledMs(subscription, this.#instance, ALIVE_MS)
      if (othersMs === null || othersMs >= untilMs) return
      await setTimeout(this.#reportMs / 2, undefined, { signal: this.#stopped.signal, ref: false }).catch(
        () => undefined,
      )
    }
  }

  async #answer(barrier: Barrier): Promise<void> {
    const { receipts, subscription, service, controlExchange, declare } = this.#options
    const { source } = barrier
    const known = await receipts.lastAnswered(subscription, source)
    const { last: next, rewoundMs } = remembered(barrier, known)
    const details: ReceivedDetail[] = []
    let room = IDS_PER_ANSWER
    for (const range of barrier.details) {
      const detail = await this.#detail(source, range, room)
      details.push(detail)
      room = Math.max(1, room - detail.keys.length)
    }
    if (barrier.mustDeclare) await declare()
    const answer: Answer = {
      barrierId: barrier.id,
      subscription,
      sentMs: barrier.sentMs,
      standing: await this.#options.standing(),
      digests: await receipts.digests(subscription, source, barrier.ranges),
      details,
      checked: barrier.check,
      absent: await receipts.absent(subscription, barrier.check),
      ...(await receipts.unsettled(subscription)),
      deadLetters: await this.#options.countDeadLetters(),
      rewoundMs,
      rewindId: next.rewindId,
      askedRewindId: barrier.rewindId,
    }
    // Before the answer is sent: an answer that the publisher knows of and this store does not means that it was set back.
    await receipts.answered(subscription, source, next)
    const target = { exchange: controlExchange, routingKey: barrier.replyTo, source: service }
    const outcome = await sendControl(this.#options, { kind: 'answer', body: answer }, target)
    if (outcome.kind === 'confirmed') this.signals.answered.emit(answer)
  }

  /** As much of the range as fits into an answer: whole milliseconds, because an id's order says no more. */
  async #detail(source: string, range: TimeRange, room: number): Promise<ReceivedDetail> {
    const { receipts, subscription } = this.#options
    const keys = await receipts.received(subscription, source, range, room + 1)
    if (keys.length <= room) return { ...range, coveredMs: range.toMs, keys }
    const beyondMs = uuidTime(keys.at(-1)?.id ?? '')?.getTime() ?? range.toMs
    if (beyondMs > range.fromMs) {
      const covered = keys.filter(({ id }) => (uuidTime(id)?.getTime() ?? 0) < beyondMs)
      if (covered.length > 0) return { ...range, coveredMs: beyondMs, keys: covered }
    }
    // More than fit, of one millisecond: all of them.
    const whole = { fromMs: range.fromMs, toMs: beyondMs + 1 }
    const all = await receipts.received(subscription, source, whole, Number.MAX_SAFE_INTEGER)
    return { ...range, coveredMs: whole.toMs, keys: all }
  }

  /** Says up to when everything that this instance was given is settled, and begins the next such span. */
  async #report(): Promise<void> {
    const { receipts, subscription, inHand, logger } = this.#options
    try {
      const nowMs = await receipts.report(subscription, this.#instance, this.#settledThroughMs)
      void inHand.settled().then((areSettled) => {
        if (areSettled) this.#settledThroughMs = Math.max(this.#settledThroughMs ?? 0, nowMs)
      })
    } catch (error) {
      logger.debug({ subscription, error }, 'what is settled could not be reported; the next time tells it')
    }
  }
}

/**
 * What is remembered of a barrier from now on, and whether its publisher has to go back: it has heard an answer that this store does
 * not remember, so that the store was set back; or it does not know of that, because its own store was set back since, or
 * because it has not heard it yet. What this store remembers to be proven was so with what it holds, or was found to be missing by
 * the publisher: one that was set back has forgotten what, and goes back as far as it ever had to.
 */
export function remembered(
  barrier: Pick<Barrier, 'id' | 'previousId' | 'rewindId' | 'provenThroughMs' | 'activeFromMs'>,
  known: LastAnswered | null,
): { readonly last: LastAnswered; readonly rewoundMs: number | null } {
  const { id, previousId, provenThroughMs, activeFromMs } = barrier
  const heardBeforeId = known?.heardId ?? null
  const unheardIds = known?.unheardIds ?? []
  // A publisher that was set back has heard an earlier answer than it had before.
  const isLater = previousId !== null && (heardBeforeId === null || previousId > heardBeforeId)
  const isNew = isLater && !unheardIds.includes(previousId)
  const isUnknown = known !== null && known.rewindId !== null && barrier.rewindId !== known.rewindId
  const everMs = known?.rewoundMs ?? null
  const heardId = isLater ? previousId : heardBeforeId
  const next = {
    barrierId: id,
    rewindId: isNew ? id : (known?.rewindId ?? null),
    heardId,
    unheardIds: [...unheardIds, id].filter((each) => heardId === null || each > heardId),
  }
  if (!isNew && !isUnknown) return { last: { ...next, provenThroughMs, rewoundMs: everMs }, rewoundMs: null }
  const heldMs = Math.min(isNew ? (known?.provenThroughMs ?? 0) : Infinity, isUnknown ? (everMs ?? Infinity) : Infinity)
  const rewoundMs = Math.min(provenThroughMs, Math.max(heldMs, activeFromMs))
  const leastMs = Math.min(rewoundMs, everMs ?? Infinity)
  return { last: { ...next, provenThroughMs: rewoundMs, rewoundMs: leastMs }, rewoundMs }
}
