import { pauseOf } from './pauses.ts'
import type { PauseRow } from './pauses.ts'
import type {
  Failure,
  FailureGroup,
  InboxEntry,
  InboxStatus,
  Lease,
  PendingEvent,
  PendingState,
  SentMessage,
  SentState,
  Standing,
  AnnouncedSubscription,
} from './store.ts'

/**
 * What the statements of every dialect return, and what becomes of it. Points in time are milliseconds, JSON is text;
 * numbers may come as text, where the service has set type parsers of its own.
 */
type Numeric = number | string | bigint

export interface EventRow {
  id: string
  name: string
  entity_id: string
  source: string
  payload: string
  headers: string
  created_at: Numeric
}

export interface PendingRow extends EventRow {
  is_optional: boolean | number
  bucket: Numeric
  state: PendingState
  attempts: Numeric
  order_key?: string | null
}

export interface SentRow extends EventRow {
  state: SentState
  attempts: Numeric
  error: string | null
}

export interface FailureRow {
  subscription: string
  message_id: string
  name: string
  entity_id: string
  source: string
  payload: string
  encoding: 'utf8' | 'base64'
  headers: string
  state: 'retrying' | 'parked'
  attempts: Numeric
  due_at: Numeric | null
  error_code: string
  error_type: string
  error_message: string
  error_stack: string
  fingerprint: string
  first_failed_at: Numeric
  last_failed_at: Numeric
  order_key: string | null
  sequence: Numeric | null
  needs: Numeric | null
  edits: Numeric
}

export interface InboxRow {
  subscription: string
  message_id: string
  name: string
  source: string
  status: InboxStatus
  received_at: Numeric
  settled_at: Numeric | null
}

export interface GroupRow {
  subscription: string
  fingerprint: string
  type: string
  message: string
  retrying: Numeric
  parked: Numeric
  first_failed_at: Numeric
  last_failed_at: Numeric
}

export interface LeaseRow {
  name: string
  owner: string
  epoch: Numeric
  is_expired: boolean | number
}

export interface SubscriptionRow extends PauseRow {
  name: string
  service: string
  patterns: string
  queue: string
  active_from: Numeric
  last_seen_at: Numeric
}

export interface StandingRow {
  active_from: Numeric
  patterns_since: Numeric
  previous_since: Numeric | null
  queue_created_at: Numeric | null
}

export function pendingEventOf(row: PendingRow): PendingEvent {
  return {
    id: row.id,
    name: row.name,
    entityId: row.entity_id,
    source: row.source,
    payload: row.payload,
    headers: parseHeaders(row.headers),
    isOptional: Boolean(row.is_optional),
    bucket: Number(row.bucket),
    createdAt: dateOf(row.created_at),
    state: row.state,
    attempts: Number(row.attempts),
    ...(row.order_key == null ? {} : { orderKey: row.order_key }),
  }
}

export function sentMessageOf(row: SentRow): SentMessage {
  return {
    id: row.id,
    name: row.name,
    entityId: row.entity_id,
    source: row.source,
    payload: row.payload,
    headers: parseHeaders(row.headers),
    createdAt: dateOf(row.created_at),
    state: row.state,
    attempts: Number(row.attempts),
    error: row.error,
  }
}

export function failureOf(row: FailureRow): Failure {
  return {
    subscription: row.subscription,
    messageId: row.message_id,
    name: row.name,
    entityId: row.entity_id,
    source: row.source,
    payload: row.payload,
    encoding: row.encoding,
    headers: parseHeaders(row.headers),
    state: row.state,
    attempts: Number(row.attempts),
    delayMs: 0,
    error: {
      code: row.error_code,
      type: row.error_type,
      message: row.error_message,
      stack: row.error_stack,
      fingerprint: row.fingerprint,
    },
    firstFailedAt: dateOf(row.first_failed_at),
    lastFailedAt: dateOf(row.last_failed_at),
    dueAt: row.due_at === null ? null : dateOf(row.due_at),
    edits: Number(row.edits),
    order:
      row.order_key === null
        ? null
        : { orderKey: row.order_key, sequence: Number(row.sequence), needs: Number(row.needs) },
  }
}

export function inboxEntryOf(row: InboxRow, failure: Failure | null): InboxEntry {
  return {
    subscription: row.subscription,
    messageId: row.message_id,
    name: row.name,
    source: row.source,
    status: row.status,
    receivedAt: dateOf(row.received_at),
    settledAt: row.settled_at === null ? null : dateOf(row.settled_at),
    failure,
  }
}

export function failureGroupOf(row: GroupRow): FailureGroup {
  return {
    subscription: row.subscription,
    fingerprint: row.fingerprint,
    type: row.type,
    message: row.message,
    retrying: Number(row.retrying),
    parked: Number(row.parked),
    isExact: true,
    firstFailedAt: dateOf(row.first_failed_at),
    lastFailedAt: dateOf(row.last_failed_at),
  }
}

export function leaseOf(row: LeaseRow): Lease {
  return { name: row.name, owner: row.owner, epoch: Number(row.epoch), isExpired: Boolean(row.is_expired) }
}

export function subscriptionOf(row: SubscriptionRow): AnnouncedSubscription {
  return {
    name: row.name,
    service: row.service,
    patterns: JSON.parse(row.patterns) as string[],
    queue: row.queue,
    activeFrom: dateOf(row.active_from),
    lastSeenAt: dateOf(row.last_seen_at),
    paused: pauseOf(row),
  }
}

export function standingOf(row: StandingRow): Standing {
  return {
    activeFrom: dateOf(row.active_from),
    patternsSince: dateOf(row.patterns_since),
    previousSince: row.previous_since === null ? null : dateOf(row.previous_since),
    queueCreatedAt: row.queue_created_at === null ? null : dateOf(row.queue_created_at),
  }
}

function dateOf(milliseconds: Numeric): Date {
  return new Date(Number(milliseconds))
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})

function parseHeaders(json: string): Readonly<Record<string, string>> {
  return json === '{}' ? noHeaders : (JSON.parse(json) as Record<string, string>)
}
