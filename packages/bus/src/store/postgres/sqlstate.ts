/** "current transaction is aborted, commands ignored until end of transaction block" */
export const IN_FAILED_TRANSACTION = '25P02'

/** "permission denied for …" */
export const INSUFFICIENT_PRIVILEGE = '42501'

/** The five-character code of an error that the server sent, null for every other error. */
export function sqlState(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error ? code : null
}

/**
 * True when the server says that it is going away, full, or not the primary: the statement is not to blame, and the
 * connection is of no use.
 * 08 connection, 53 resources (too many connections, disk full, out of memory), 57P01 to 57P03 shutdown and start-up,
 * 57P05 idle session timeout, 25P03 idle in transaction timeout, 25006 read only: a standby after a failover.
 */
export function meansUnavailable(state: string): boolean {
  return /^(08...|53...|57P0[1235]|25P03|25006)$/.test(state)
}

/** Deadlock and serialization failure: nothing was done, and the same statement may go through now. */
export function meansTryAgain(state: string | null): boolean {
  return state === '40P01' || state === '40001'
}

/** A lock was not granted, a statement was cut off, or somebody had to give way. */
export function meansBusy(state: string | null): boolean {
  return state === '55P03' || state === '57014' || meansTryAgain(state)
}
