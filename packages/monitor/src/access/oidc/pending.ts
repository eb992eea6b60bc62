import { randomBytes, timingSafeEqual } from 'node:crypto'
import { hashOf } from '../sessions.ts'

/** A login that was begun, and that the provider has not sent back yet. */
export interface PendingLogin {
  readonly nonce: string
  readonly codeVerifier: string
  /** Where the reader was. */
  readonly to: string
}

/** A person enters a password and a second factor meanwhile. */
export const PENDING_MS = 10 * 60_000
/** Beyond that the oldest is given up: whoever begins logins without end takes no memory without end. */
const MOST_PENDING = 10_000

/**
 * Logins under way, by their state. Each is bound to the browser that began it by a secret in a cookie: a state that is known to
 * somebody else is worth nothing. And each is taken once.
 */
export class PendingLogins {
  readonly #nowMs: () => number
  readonly #byState = new Map<string, PendingLogin & { readonly secretHash: string; readonly begunMs: number }>()

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /** Returns what the browser keeps. */
  add(state: string, login: PendingLogin): string {
    const secret = randomBytes(32).toString('base64url')
    const [oldest] = this.#byState.keys()
    if (oldest !== undefined && this.#byState.size >= MOST_PENDING) this.#byState.delete(oldest)
    this.#byState.set(state, { ...login, secretHash: hashOf(secret), begunMs: this.#nowMs() })
    return secret
  }

  /** Null for one that is not there, has expired, was taken, or is another browser's. */
  take(state: string, secret: string | undefined): PendingLogin | null {
    const found = this.#byState.get(state)
    if (found === undefined || secret === undefined) return null
    if (!timingSafeEqual(Buffer.from(found.secretHash, 'hex'), Buffer.from(hashOf(secret), 'hex'))) return null
    this.#byState.delete(state)
    return this.#nowMs() - found.begunMs > PENDING_MS ? null : found
  }
}
