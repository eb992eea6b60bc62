import { ORDER_BLOCKED } from './contract/order.ts'
import type { Dialect, Numeric } from './reconciliation/dialect.ts'
import type { FailedAttempt, NewFailure } from './store.ts'

/** Of one message and subscription; the same again of starts that never ended. */
export const KEPT_ATTEMPTS = 50

export const ATTEMPT_COLUMNS: string =
  'message_id, subscription, place, attempt, began_at, ended_at, state, error_code, error_type, error_message'

/** What follows an insert of these columns: the place in the ring is taken over. */
export const REPLACE_ATTEMPT = `on conflict (message_id, subscription, place) do update set
    attempt = excluded.attempt, began_at = excluded.began_at, ended_at = excluded.ended_at, state = excluded.state,
    error_code = excluded.error_code, error_type = excluded.error_type, error_message = excluded.error_message`

/** In SQL, of how many were written down. */
export const placeOf = (tries: string): string => `(${tries}) % ${KEPT_ATTEMPTS}`
/** Beside them: a message that takes the process down has no failure yet that could count. */
export const placeOfStart = (starts: string): string => `-1 - ${starts} % ${KEPT_ATTEMPTS}`

/** Of a failure: its attempt was begun, and neither settled nor given back. Whoever has them counted anew asks after none before. */
export const LOST = 'claimed_at is not null and attempts > 0'

export interface AttemptValues {
  /** 1; 0 for what only waits for its turn: nothing has failed then. */
  readonly tries: 0 | 1
  /** How long ago, in milliseconds; null: no handler was called. */
  readonly beganAgo: number | null
  readonly endedAgo: number
}

export function attemptOf({ error, ran }: NewFailure): AttemptValues {
  const nowMs = performance.now()
  const ago = (timeMs: number): number => Math.max(0, Math.round(nowMs - timeMs))
  return {
    tries: error.code === ORDER_BLOCKED ? 0 : 1,
    beganAgo: ran === undefined ? null : ago(ran.beganMs),
    endedAgo: ran === undefined ? 0 : ago(ran.endedMs),
  }
}

interface Row {
  readonly subscription: string
  readonly attempt: Numeric
  readonly began_at: Numeric | null
  readonly ended_at: Numeric | null
  readonly state: 'retrying' | 'parked'
  readonly error_code: string | null
  readonly error_type: string | null
  readonly error_message: string | null
}

/** On any dialect: see FailureReads.attempts(). */
export async function readAttempts(dialect: Dialect, messageId: string): Promise<readonly FailedAttempt[]> {
  const rows = await dialect.read<Row>(
    `select subscription, attempt, began_at, ended_at, state, error_code, error_type, error_message
     from warren.inbox_attempt where message_id = $1 order by coalesce(ended_at, began_at), subscription, attempt`,
    [messageId],
  )
  return rows.map((row) => {
    const { subscription, state, error_code: code, error_type: type, error_message: message } = row
    const time = (value: Numeric | null): Date | null => (value === null ? null : new Date(Number(value)))
    return {
      ...{ subscription, state, attempt: Number(row.attempt) },
      ...{ beganAt: time(row.began_at), endedAt: time(row.ended_at) },
      error: code === null || type === null || message === null ? null : { code, type, message },
    }
  })
}
