import { createHash, randomBytes } from 'node:crypto'
import type { Role } from './role.ts'

/** Who asks. */
export interface Identity {
  /** For the action log: `rabbitmq:anna`, `token:deploy`. */
  readonly actor: string
  readonly name: string
  readonly role: Role
}

export interface Session extends Identity {
  /** Must come back in a header with every change. */
  readonly csrfToken: string
  readonly createdMs: number
  readonly lastSeenMs: number
}

export interface SessionLimits {
  /** A session that nobody uses ends. Default 8 hours. */
  readonly idleMs: number
  /** Every session ends. Default 24 hours. */
  readonly maxAgeMs: number
}

/** Beyond that the one that was not used for longest ends. */
const MOST_SESSIONS = 10_000

/**
 * Logins, kept in this process: a restart ends them, and so does revoke(), at once. What the browser holds is random, and is
 * kept here as a hash alone.
 */
export class Sessions {
  readonly #limits: SessionLimits
  readonly #nowMs: () => number
  /** The one that was not used for longest first. */
  readonly #byHash = new Map<string, Session>()

  constructor(limits: SessionLimits, nowMs: () => number = Date.now) {
    this.#limits = limits
    this.#nowMs = nowMs
  }

  /** Returns what the browser keeps. */
  create(identity: Identity): { readonly secret: string; readonly session: Session } {
    const secret = randomBytes(32).toString('base64url')
    const nowMs = this.#nowMs()
    const session = {
      ...identity,
      csrfToken: randomBytes(32).toString('base64url'),
      createdMs: nowMs,
      lastSeenMs: nowMs,
    }
    const [oldest] = this.#byHash.keys()
    if (oldest !== undefined && this.#byHash.size >= MOST_SESSIONS) this.#byHash.delete(oldest)
    this.#byHash.set(hashOf(secret), session)
    return { secret, session }
  }

  /** Null for one that is not there or has ended. Counts as use. */
  use(secret: string): Session | null {
    const session = this.peek(secret)
    const hash = hashOf(secret)
    this.#byHash.delete(hash)
    if (session === null) return null
    const used = { ...session, lastSeenMs: this.#nowMs() }
    this.#byHash.set(hash, used)
    return used
  }

  /** The same, and does not count as use. */
  peek(secret: string): Session | null {
    const session = this.#byHash.get(hashOf(secret))
    if (session === undefined) return null
    const nowMs = this.#nowMs()
    const { idleMs, maxAgeMs } = this.#limits
    return nowMs - session.lastSeenMs > idleMs || nowMs - session.createdMs > maxAgeMs ? null : session
  }

  revoke(secret: string): void {
    this.#byHash.delete(hashOf(secret))
  }
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
