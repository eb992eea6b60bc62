import type { ReconcileOptions } from '../../src/reconcile/settings.ts'

/** Everything as fast as it can be, and clocks that agree: publisher and subscribers are one machine. */
export const quickly: ReconcileOptions = {
  intervalMs: 200,
  graceMs: 200,
  clockToleranceMs: 0,
  barrierTimeoutMs: 1_000,
  announceMs: 500,
  reportMs: 200,
  idleMs: 1_000,
  leaseMs: 2_000,
  backoffMs: 200,
}
