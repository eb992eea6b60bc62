import { isWarrenError } from '../errors.ts'

/** Deepest chain of causes that is looked through; ORMs wrap an error two or three times. */
const MAX_CAUSES = 8

/**
 * True when the error, or one that caused it, is a store's own STORE_UNAVAILABLE or COMMIT_UNKNOWN. An ECONNREFUSED of
 * some other service that a handler called does not count: it would stop a subscription whose store is fine.
 */
export function isStoreUnavailable(error: unknown): boolean {
  let current = error
  for (let depth = 0; depth < MAX_CAUSES && current instanceof Error; depth++) {
    if (isWarrenError(current, 'STORE_UNAVAILABLE') || isWarrenError(current, 'COMMIT_UNKNOWN')) return true
    current = current.cause
  }
  return false
}
