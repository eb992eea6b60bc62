import { leastIdAt } from '../../src/store/ids.ts'
import { matches } from '../../src/catalog/pattern.ts'
import { Memories } from '../../src/reconcile/memory.ts'
import type { Memory } from '../../src/reconcile/memory.ts'
import { beginOf } from '../../src/reconcile/registry.ts'
import type { Standing } from '../../src/reconcile/registry.ts'
import { remembered } from '../../src/reconcile/responder.ts'
import { compareAnswer, minuteOf, rangesToAsk, unwantedOf } from '../../src/reconcile/round.ts'
import type { Answer, Barrier } from '../../src/reconcile/messages.ts'
import type {
  EventKey,
  LastAnswered,
  LedgerReads,
  Proof,
  RangeDigests,
  RegisteredSubscription,
  TimeRange,
} from '../../src/store/contract/reconciliation.ts'

export const toleranceMs = 5_000
export const graceMs = 2_000
export const deadlineMs = 30_000
const IDS_PER_ANSWER = 3

interface LedgerEvent extends EventKey {
  isSent: boolean
}

interface Row extends EventKey {
  state: 'suspect' | 'missing' | 'recovered'
  barrierId: string
  suspectedMs: number
}

type Item =
  { readonly kind: 'event'; readonly event: EventKey } | { readonly kind: 'barrier'; readonly barrier: Barrier }

interface Bound {
  readonly fromMs: number
  readonly patterns: readonly string[]
  /** By a subscriber whose store was set back; nobody else need ever have heard of them. */
  isForgotten: boolean
}

interface MadeAnswer extends Answer {
  readonly madeMs: number
}

/** What is in the publisher's database. */
interface PublisherStore {
  ledger: Map<string, LedgerEvent>
  registered: RegisteredSubscription | undefined
  throughMs: number
  askedMs: number
  barrier: Proof['barrier']
  answered: Proof['answered']
  rewindId: string | null
  minutes: Map<number, { state: 'proven' | 'open'; checkedMs: number }>
  late: Set<string>
  missing: Map<string, Row>
  ghosts: Set<string>
}

/** What is in the subscriber's. */
interface SubscriberStore {
  inbox: Map<string, EventKey>
  standing: Standing
  last: LastAnswered | null
}

/** Digests of these events, as a database makes them. */
export function digestsOf(events: readonly EventKey[], ranges: readonly TimeRange[]): readonly RangeDigests[] {
  return ranges.map(({ fromMs, toMs }) => {
    const names = new Map<string, { count: number; xor: bigint }>()
    for (const { id, name } of within(events, { fromMs, toMs })) {
      const digest = names.get(name) ?? { count: 0, xor: 0n }
      names.set(name, { count: digest.count + 1, xor: digest.xor ^ BigInt(`0x${id.slice(24)}`) })
    }
    const digests = [...names].map(([name, { count, xor }]) => ({ name, count, xor: xor.toString(16) }))
    return { fromMs, toMs, digests }
  })
}

function within(events: readonly EventKey[], { fromMs, toMs }: TimeRange): readonly EventKey[] {
  return events
    .filter(({ id }) => id >= leastIdAt(fromMs) && id < leastIdAt(toMs))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, name }) => ({ id, name }))
}

/** A ledger that is a plain map. */
export function ledgerReads(ledger: ReadonlyMap<string, EventKey & { readonly isSent: boolean }>): LedgerReads {
  const sent = () => [...ledger.values()].filter(({ isSent }) => isSent)
  return {
    isUsed: () => Promise.resolve(ledger.size > 0),
    oldestUnsentMs: () => Promise.resolve(null),
    digests: (ranges) => Promise.resolve(digestsOf(sent(), ranges)),
    sent: (range) => Promise.resolve(within(sent(), range)),
    known: (ids) => Promise.resolve(new Set(ids.filter((id) => ledger.has(id)))),
    hasAny: (range, names) =>
      Promise.resolve(within([...ledger.values()], range).some(({ name }) => names.includes(name))),
  }
}

export function timeOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/**
 * A publisher, a queue and a subscriber as plain data. It decides by the functions that the reconciler decides by, and does
 * with what they say what the stores do. Every step may come at any time: what happens is up to the test.
 */
export class Model {
  nowMs = 1_790_000_000_000
  publisher: PublisherStore
  subscriber: SubscriberStore
  /** Have an id, and no committed transaction. */
  uncommitted: EventKey[] = []
  queue: Item[] = []
  inHand: EventKey[] = []
  waiting: { readonly barrier: Barrier; readonly before: Set<EventKey> }[] = []
  answers: MadeAnswer[] = []
  announcements: Standing[] = []
  /** Which patterns were bound on the broker, and since when: the truth. */
  readonly bound: Bound[]
  /** What was found to be missing and was not, in words. */
  readonly falseAlarms: string[] = []
  /** Ghosts before this can not be found: the ledger that was restored had proof of it. */
  ghostsFromMs = 0
  readonly #resent = new Set<string>()
  readonly #memories = new Memories()
  #sequence = 0
  readonly #skewMs: number

  constructor(skewMs: number, patterns: readonly string[]) {
    this.#skewMs = skewMs
    this.bound = [{ fromMs: this.nowMs, patterns, isForgotten: false }]
    this.subscriber = {
      inbox: new Map(),
      standing: { patterns, patternsSinceMs: this.nowMs + skewMs, previousSinceMs: null, queueCreatedMs: null },
      last: null,
    }
    this.publisher = {
      ledger: new Map(),
      registered: undefined,
      throughMs: 0,
      askedMs: 0,
      barrier: null,
      answered: null,
      rewindId: null,
      minutes: new Map(),
      late: new Set(),
      missing: new Map(),
      ghosts: new Set(),
    }
    this.announcements.push(this.subscriber.standing)
    this.hearAnnouncement()
  }

  #id(): string {
    const sequence = (this.#sequence += 1)
    // Multiplied by an odd number, so that no xor of few of them is that of others.
    const random = ((BigInt(sequence) * 0x9e3779b97f4a7c15n) & 0xffffffffffffn).toString(16).padStart(12, '0')
    return `${leastIdAt(this.nowMs).slice(0, 14)}7${(sequence % 0x1000).toString(16).padStart(3, '0')}-8000-${random}`
  }

  // ── The publisher ──────────────────────────────────────────────────────────────────────────────────────────────────

  begin(name: string): void {
    this.uncommitted.push({ id: this.#id(), name })
  }

  commit(index: number): void {
    const event = takeAt(this.uncommitted, index)
    if (event !== undefined) this.publisher.ledger.set(event.id, { ...event, isSent: false })
  }

  /** To the broker; `isLost`: what should route it is not there. Not confirmed yet, it may be sent again. */
  send(index: number, isLost: boolean): void {
    const event = at(
      [...this.publisher.ledger.values()].filter(({ isSent }) => !isSent),
      index,
    )
    if (event !== undefined && !isLost && wants(this.bound.at(-1)?.patterns ?? [], event.name))
      this.queue.push({ kind: 'event', event: { id: event.id, name: event.name } })
  }

  sendAndConfirm(index: number, isLost: boolean): void {
    this.send(index, isLost)
    const event = at(
      [...this.publisher.ledger.values()].filter(({ isSent }) => !isSent),
      index,
    )
    if (event === undefined) return
    event.isSent = true
    if (timeOf(event.id) < this.publisher.askedMs) this.publisher.late.add(event.id)
  }

  ask(): void {
    const { registered, throughMs, answered } = this.publisher
    if (registered === undefined || registered.retired !== null) return
    const memory = this.#memory()
    this.#reopenLate()
    const open = [...this.publisher.minutes].filter(([, { state }]) => state === 'open').map(([minute]) => minute)
    const check = [...this.publisher.missing.values()].filter(
      ({ state, suspectedMs }) =>
        state === 'missing' || (state === 'suspect' && suspectedMs <= this.nowMs - deadlineMs),
    )
    const unsentMs = [...this.publisher.ledger.values()].filter(({ isSent }) => !isSent).map(({ id }) => timeOf(id))
    const toMs = Math.min(this.nowMs - graceMs, ...unsentMs)
    const isHeldUp = memory.details.some(({ minuteMs }) => minuteMs === null)
    const context = { subscription: registered, proof: this.#proof(), toleranceMs }
    const ranges = rangesToAsk(context, isHeldUp ? throughMs : toMs, open.slice(0, 3), 5)
    this.publisher.askedMs = Math.max(this.publisher.askedMs, throughMs, ...ranges.map((range) => range.toMs))
    const id = this.#id()
    this.publisher.barrier = { id, sentMs: this.nowMs }
    this.#memories.asked(registered.name, id)
    this.queue.push({
      kind: 'barrier',
      barrier: {
        id,
        source: 'shop',
        replyTo: '',
        subscription: registered.name,
        sentMs: this.nowMs,
        previousId: answered?.id ?? null,
        rewindId: this.publisher.rewindId,
        activeFromMs: registered.periods[0]?.fromMs ?? 0,
        provenThroughMs: throughMs,
        ranges: ranges.filter(({ fromMs }) => !memory.details.some(({ minuteMs }) => minuteMs === fromMs)),
        details: memory.details.slice(0, 1).map(({ fromMs, toMs: endMs }) => ({ fromMs, toMs: endMs })),
        check: check.map(({ id }) => id),
        mustDeclare: false,
      },
    })
  }

  async hearAnswer(index: number, isKept: boolean): Promise<void> {
    const answer = isKept ? at(this.answers, index) : takeAt(this.answers, index)
    const { publisher } = this
    if (answer === undefined || !this.#memories.takes(this.#proof(), answer.barrierId)) return
    const memory = this.#memory()
    if (publisher.registered === undefined || publisher.registered.retired !== null) return
    if (answer.askedRewindId !== publisher.rewindId) return
    if (answer.standing !== null) this.#register(answer.standing)
    publisher.answered = { id: answer.barrierId, atMs: this.nowMs }
    publisher.rewindId = answer.rewindId
    if (answer.rewoundMs !== null) {
      memory.details = []
      publisher.throughMs = Math.min(publisher.throughMs, answer.rewoundMs)
      for (const [minute, each] of publisher.minutes)
        if (minute < answer.rewoundMs && each.checkedMs >= answer.rewoundMs) each.state = 'open'
      return
    }
    const { registered: subscription } = publisher
    const read = { ledger: ledgerReads(publisher.ledger), readMs: this.nowMs }
    const context = { subscription, proof: this.#proof(), toleranceMs, ...read }
    const { findings, details } = await compareAnswer(context, answer, memory.details)
    memory.details = [...details, ...memory.details.slice(answer.details.length)]
    publisher.throughMs = Math.max(publisher.throughMs, findings.throughMs ?? 0)
    for (const { minuteMs, isWhole, readMs } of findings.minutes) {
      const known = publisher.minutes.get(minuteMs)
      const state = known === undefined || (isWhole && known.checkedMs < readMs) ? 'proven' : known.state
      publisher.minutes.set(minuteMs, { state, checkedMs: this.nowMs })
    }
    for (const { id } of findings.ghosts) publisher.ghosts.add(id)
    this.#settle(answer)
    for (const event of findings.suspects) {
      const known = publisher.missing.get(event.id)
      if (known !== undefined && known.state !== 'recovered') continue
      publisher.missing.set(event.id, {
        ...event,
        state: 'suspect',
        barrierId: answer.barrierId,
        suspectedMs: this.nowMs,
      })
    }
  }

  #settle(answer: MadeAnswer): void {
    const { missing, minutes, registered } = this.publisher
    if (registered === undefined) return
    const absent = new Set(answer.absent)
    for (const id of answer.checked) {
      const row = missing.get(id)
      if (row === undefined) continue
      if (!absent.has(id)) {
        const minute = minutes.get(minuteOf(timeOf(id)))
        if (minute !== undefined) minute.checkedMs = this.nowMs
        if (row.state === 'suspect' && row.barrierId < answer.barrierId) missing.delete(id)
        else row.state = 'recovered'
      } else if (row.state === 'suspect') {
        if (unwantedOf({ subscription: registered, toleranceMs }, [row]).length > 0) missing.delete(id)
        else {
          row.state = 'missing'
          this.#judge(row, answer.madeMs)
        }
      }
    }
  }

  /** By the truth that the reconciler cannot see; patterns that changed after the answer was made, nobody could know of. */
  #judge({ id, name }: EventKey, madeMs: number): void {
    const isThere =
      this.subscriber.inbox.has(id) ||
      this.inHand.some((event) => event.id === id) ||
      this.queue.some((item) => item.kind === 'event' && item.event.id === id)
    // What a ledger that was set back has resent and forgotten may be under way.
    if (isThere && !this.#resent.has(id)) this.falseAlarms.push(`${id} is on its way or there`)
    const since = timeOf(id)
    const bound = this.bound.filter(({ fromMs }) => fromMs <= madeMs)
    const isWanted = bound.every(
      ({ patterns, isForgotten }, index) =>
        isForgotten || (bound[index + 1]?.fromMs ?? Infinity) < since || wants(patterns, name),
    )
    if (!isWanted) this.falseAlarms.push(`${id} was not wanted throughout`)
    if (this.publisher.ledger.get(id)?.isSent !== true) this.falseAlarms.push(`${id} was never sent`)
  }

  resend(index: number): void {
    const row = at(
      [...this.publisher.missing.values()].filter(({ state }) => state === 'missing'),
      index,
    )
    if (row === undefined) return
    this.#resent.add(row.id)
    this.queue.push({ kind: 'event', event: { id: row.id, name: row.name } })
  }

  hearAnnouncement(): void {
    const standing = this.announcements.shift()
    if (standing !== undefined) this.#register(standing)
  }

  retire(): void {
    const { registered, missing } = this.publisher
    if (registered === undefined || registered.retired !== null) return
    const periods = registered.periods.map((period) => ({ ...period, toMs: period.toMs ?? this.nowMs }))
    this.publisher.registered = { ...registered, periods, retired: { atMs: this.nowMs, by: 'a test' } }
    missing.clear()
  }

  #register(standing: Standing): void {
    const { registered } = this.publisher
    const begin = beginOf(registered, standing, this.nowMs, toleranceMs)
    if (registered === undefined) this.publisher.throughMs = begin?.fromMs ?? 0
    const ended = (registered?.periods ?? []).map((period) =>
      begin === null || period.toMs !== null ? period : { ...period, toMs: begin.closeMs },
    )
    this.publisher.registered = {
      name: 'order.crm',
      service: 'crm',
      queue: 'qu.order.crm',
      hasInbox: true,
      timeoutMs: deadlineMs,
      firstSeenMs: 0,
      lastSeenMs: this.nowMs,
      queueCreatedMs: null,
      patternsSinceMs: standing.patternsSinceMs,
      retired: null,
      paused: null,
      periods: begin === null ? ended : [...ended, { fromMs: begin.fromMs, toMs: null, patterns: begin.patterns }],
    }
  }

  #reopenLate(): void {
    for (const id of this.publisher.late) {
      const minute = minuteOf(timeOf(id))
      if (this.publisher.askedMs > minute) this.publisher.minutes.set(minute, { state: 'open', checkedMs: this.nowMs })
    }
    this.publisher.late.clear()
  }

  #memory(): Memory {
    return this.#memories.recall(this.#proof())
  }

  #proof(): Proof {
    const { throughMs, barrier, answered, rewindId } = this.publisher
    const counts = { suspect: 0, missing: 0, recovered: 0, 'gave-up': 0, waived: 0 }
    const nothing = { waitingSinceMs: null, roundTripMs: null, breaker: null, order: null }
    const zero = { retrying: 0, parked: 0, ghosts: 0, openMinutes: 0, isRequested: false }
    return { subscription: 'order.crm', throughMs, barrier, answered, rewindId, counts, ...nothing, ...zero }
  }

  // ── The subscriber ─────────────────────────────────────────────────────────────────────────────────────────────────

  deliver(): void {
    const item = this.queue.shift()
    if (item?.kind === 'event') this.inHand.push(item.event)
    else if (item !== undefined) {
      this.waiting.push({ barrier: item.barrier, before: new Set(this.inHand) })
      this.#answerWhatIsSettled()
    }
  }

  handle(index: number): void {
    const event = takeAt(this.inHand, index)
    if (event === undefined) return
    this.subscriber.inbox.set(event.id, event)
    for (const { before } of this.waiting) before.delete(event)
    this.#answerWhatIsSettled()
  }

  /** The subscriber ends, or its channel: what it holds goes back to where it was in the queue. */
  loseChannel(): void {
    const events = this.inHand.map((event) => ({ kind: 'event' as const, event }))
    const barriers = this.waiting.map(({ barrier }) => ({ kind: 'barrier' as const, barrier }))
    this.queue.unshift(...events, ...barriers)
    this.inHand = []
    this.waiting = []
  }

  #answerWhatIsSettled(): void {
    const settled = this.waiting.filter(({ before }) => before.size === 0)
    this.waiting = this.waiting.filter(({ before }) => before.size > 0)
    for (const { barrier } of settled) this.#answer(barrier)
  }

  #answer(barrier: Barrier): void {
    const { standing, last } = this.subscriber
    const received = [...this.subscriber.inbox.values()]
    const details = barrier.details.map(({ fromMs, toMs }) => {
      const keys = within(received, { fromMs, toMs })
      const beyond = keys[IDS_PER_ANSWER]
      const coveredMs = beyond === undefined ? toMs : Math.max(timeOf(beyond.id), fromMs + 1)
      return { fromMs, toMs, coveredMs, keys: keys.filter(({ id }) => timeOf(id) < coveredMs) }
    })
    const { last: next, rewoundMs } = remembered(barrier, last)
    const isLatest = last === null || last.barrierId < barrier.id
    this.subscriber.last = isLatest ? next : { ...last, unheardIds: [...last.unheardIds, barrier.id] }
    this.answers.push({
      madeMs: this.nowMs,
      barrierId: barrier.id,
      subscription: barrier.subscription,
      sentMs: barrier.sentMs,
      standing,
      digests: digestsOf(received, barrier.ranges),
      details,
      checked: barrier.check,
      absent: barrier.check.filter((id) => !this.subscriber.inbox.has(id)),
      retrying: 0,
      parked: 0,
      deadLetters: null,
      rewoundMs,
      rewindId: next.rewindId,
      askedRewindId: barrier.rewindId,
    })
  }

  changePatterns(patterns: readonly string[]): void {
    this.nowMs += 1
    this.#stand(patterns)
    this.bound.push({ fromMs: this.nowMs, patterns, isForgotten: false })
    this.announcements.push(this.subscriber.standing)
  }

  #stand(patterns: readonly string[]): void {
    const { standing } = this.subscriber
    if (patterns.join() === standing.patterns.join()) return
    this.subscriber.standing = {
      patterns,
      patternsSinceMs: this.nowMs + this.#skewMs,
      previousSinceMs: standing.patternsSinceMs,
      queueCreatedMs: null,
    }
  }

  // ── Disasters ──────────────────────────────────────────────────────────────────────────────────────────────────────

  purge(): void {
    this.queue = []
  }

  saveSubscriber(): () => void {
    const saved = structuredClone(this.subscriber)
    const known = this.bound.length
    return () => {
      this.loseChannel()
      this.subscriber = structuredClone(saved)
      const patterns = this.bound.at(-1)?.patterns ?? []
      for (const each of this.bound.slice(known)) each.isForgotten = true
      this.bound.push({ fromMs: this.nowMs, patterns, isForgotten: false })
      this.#stand(patterns)
    }
  }

  savePublisher(): () => void {
    const saved = structuredClone(this.publisher)
    return () => {
      // One that goes on running notices it, unless it has asked nothing since.
      if (this.publisher.barrier?.id === saved.barrier?.id) this.restartReconciler()
      this.publisher = structuredClone(saved)
      this.uncommitted = []
      this.ghostsFromMs = Math.max(this.ghostsFromMs, saved.throughMs)
    }
  }

  restartReconciler(): void {
    this.#memories.clear()
  }

  // ── The end ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Everything that is under way comes through, and the reconciler goes on until it has nothing more to ask. */
  async quiet(): Promise<void> {
    this.announcements.push(this.subscriber.standing)
    while (this.announcements.length > 0) this.hearAnnouncement()
    while (this.uncommitted.length > 0) this.commit(0)
    while ([...this.publisher.ledger.values()].some(({ isSent }) => !isSent)) this.sendAndConfirm(0, false)
    const untilMs = this.nowMs
    for (let round = 0; round < 500; round++) {
      this.nowMs += deadlineMs + 1
      this.ask()
      while (this.queue.length > 0) this.deliver()
      while (this.inHand.length > 0) this.handle(0)
      while (this.answers.length > 0) await this.hearAnswer(0, false)
      const isOpen = [...this.publisher.minutes.values()].some(({ state }) => state === 'open')
      const isSuspected = [...this.publisher.missing.values()].some(({ state }) => state === 'suspect')
      const isAsking = this.#memory().details.length > 0 || this.publisher.late.size > 0
      if (this.publisher.throughMs > untilMs && !isOpen && !isSuspected && !isAsking && round > 0) return
    }
    throw new Error('the reconciler comes to no end')
  }

  /** Whether the publisher, by what it was told, must have proof of this event. Written without a look at how it decides. */
  mustProve({ id, name }: EventKey): boolean {
    const periods = this.publisher.registered?.periods ?? []
    const time = timeOf(id)
    for (let at = periods.length - 1, openFromMs = Infinity; at >= 0; at--) {
      const period = periods[at]
      if (period === undefined || (period.toMs ?? Infinity) < openFromMs) return false
      if (!wants(period.patterns, name)) return false
      if (period.fromMs <= time - toleranceMs) return true
      openFromMs = period.fromMs
    }
    return false
  }
}

function wants(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matches(pattern, name))
}

function at<T>(items: readonly T[], index: number): T | undefined {
  return items.length === 0 ? undefined : items[index % items.length]
}

function takeAt<T>(items: T[], index: number): T | undefined {
  return items.length === 0 ? undefined : items.splice(index % items.length, 1)[0]
}
