import type { ReconcileOptions } from '@warren/bus'

/** A run of minutes instead of days: asked every two seconds, and resent as fast as it is found. */
export const settings: ReconcileOptions = {
  intervalMs: 2_000,
  graceMs: 1_000,
  // One machine, one clock.
  clockToleranceMs: 0,
  barrierTimeoutMs: 10_000,
  announceMs: 2_000,
  reportMs: 1_000,
  idleMs: 5_000,
  leaseMs: 5_000,
  backoffMs: 2_000,
  budget: { minPerSecond: 500 },
}
