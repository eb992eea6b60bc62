import { controlKind, KIND_HEADER } from '../envelope/control.ts'
import type { RawControl } from '../envelope/control.ts'
import type { Message } from '../envelope/message.ts'
import { newId } from '../envelope/uuid.ts'
import type { EventKey, RangeDigests, TimeRange } from '../store/contract/reconciliation.ts'
import type { Standing } from './registry.ts'

/** Of the control exchange: what every publisher hears. */
export const ANNOUNCEMENT_KEY = 'announcement'

/** A subscription tells every publisher that its bindings stand. Times are the subscriber's. */
export interface Announcement extends Standing {
  readonly subscription: string
  readonly service: string
  readonly queue: string
  readonly hasInbox: boolean
  readonly timeoutMs: number
  /** A publisher that hears of it for the first time sends its events from then on; null: none. */
  readonly backfillSinceMs: number | null
  /** A person has stopped it; null or absent: it handles events. */
  readonly paused?: { readonly atMs: number; readonly by: string } | null
}

/** A publisher asks a subscription, through its queue, what it has received. */
export interface Barrier {
  /** UUIDv7, so that a later one is greater. */
  readonly id: string
  /** The publishing service. */
  readonly source: string
  /** The routing key for the answer. */
  readonly replyTo: string
  readonly subscription: string
  readonly sentMs: number
  /** The last barrier whose answer came back; null for none, and for one that told that the store was set back. */
  readonly previousId: string | null
  /** The last time that the subscriber's store was set back, as its publisher knows; null for never. */
  readonly rewindId: string | null
  /** Nothing before this is expected. */
  readonly activeFromMs: number
  /** Before this, everything is compared. */
  readonly provenThroughMs: number
  /** Digests of these, each within one minute. */
  readonly ranges: readonly TimeRange[]
  /** The ids of these, because their digests differed. */
  readonly details: readonly TimeRange[]
  /** Whether these are there. */
  readonly check: readonly string[]
  /** Something is missing: its queue and bindings are to be declared again. */
  readonly mustDeclare: boolean
}

/** What the subscriber has when everything that lay before the barrier is settled. */
export interface Answer {
  readonly barrierId: string
  readonly subscription: string
  readonly sentMs: number
  /** Null when it does not know. */
  readonly standing: Standing | null
  readonly digests: readonly RangeDigests[]
  readonly details: readonly ReceivedDetail[]
  /** Ids that were asked after. */
  readonly checked: readonly string[]
  /** Of these, those that are not there. */
  readonly absent: readonly string[]
  readonly retrying: number
  readonly parked: number
  /** In its dead letter queue, not yet parked; null when that cannot be told. */
  readonly deadLetters: number | null
  /** Its store was set back: it knows of no proof later than this. */
  readonly rewoundMs: number | null
  /** Names the last time that its store was set back; null for never. */
  readonly rewindId: string | null
  /** The same as the barrier had it: what its publisher knew of when it asked. */
  readonly askedRewindId: string | null
}

export interface ReceivedDetail extends TimeRange {
  /** Up to here all ids are in `keys`; less than `toMs` when there are too many for one answer. */
  readonly coveredMs: number
  readonly keys: readonly EventKey[]
}

export type ControlMessage =
  | { readonly kind: 'announcement'; readonly body: Announcement }
  | { readonly kind: 'barrier'; readonly body: Barrier }
  | { readonly kind: 'answer'; readonly body: Answer }

export interface ControlTarget {
  readonly exchange: string
  readonly routingKey: string
  /** The service that sends it. */
  readonly source: string
}

export function encodeControl(message: ControlMessage, target: ControlTarget): Message {
  const { exchange, routingKey, source } = target
  return {
    exchange,
    routingKey,
    body: Buffer.from(JSON.stringify(message.body)),
    properties: {
      messageId: newId(),
      type: `warren.${message.kind}`,
      contentType: 'application/json',
      timestamp: Math.floor(Date.now() / 1000),
      appId: source,
      deliveryMode: 2,
      headers: { [KIND_HEADER]: message.kind },
    },
  }
}

/** Null for what is none, or is of a version that this one cannot read. */
export function decodeControl(message: RawControl): ControlMessage | null {
  const kind = controlKind(message)
  if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind)) return null
  try {
    const body: unknown = JSON.parse(message.body.toString('utf8'))
    const shape = shapes[kind as ControlMessage['kind']]
    return fits(body, shape) ? ({ kind, body } as ControlMessage) : null
  } catch {
    return null
  }
}

type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const number: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const flag: Check = (value) => typeof value === 'boolean'
/** Of later versions. */
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const maybe =
  (check: Check): Check =>
  (value) =>
    value === null || check(value)
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const object =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) =>
    fits(value, shape)

function fits(value: unknown, shape: Readonly<Record<string, Check>>): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(shape).every(([name, check]) => check(Reflect.get(value, name)))
}

const standing = {
  patterns: list(text),
  patternsSinceMs: number,
  previousSinceMs: maybe(number),
  queueCreatedMs: maybe(number),
}
const range = { fromMs: number, toMs: number }
const key = object({ id: text, name: text })

const shapes: Readonly<Record<ControlMessage['kind'], Readonly<Record<string, Check>>>> = {
  announcement: {
    subscription: text,
    service: text,
    queue: text,
    ...standing,
    hasInbox: flag,
    timeoutMs: number,
    backfillSinceMs: maybe(number),
    paused: optional(maybe(object({ atMs: number, by: text }))),
  },
  barrier: {
    id: text,
    source: text,
    replyTo: text,
    subscription: text,
    sentMs: number,
    previousId: maybe(text),
    rewindId: maybe(text),
    activeFromMs: number,
    provenThroughMs: number,
    ranges: list(object(range)),
    details: list(object(range)),
    check: list(text),
    mustDeclare: flag,
  },
  answer: {
    barrierId: text,
    subscription: text,
    sentMs: number,
    standing: maybe(object(standing)),
    digests: list(object({ ...range, digests: list(object({ name: text, count: number, xor: text })) })),
    details: list(object({ ...range, coveredMs: number, keys: list(key) })),
    checked: list(text),
    absent: list(text),
    retrying: number,
    parked: number,
    deadLetters: maybe(number),
    rewoundMs: maybe(number),
    rewindId: maybe(text),
    askedRewindId: maybe(text),
  },
}
