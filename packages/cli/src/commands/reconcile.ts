import type { Command } from 'commander'
import { addReconcileBreaker } from './reconcile/breaker.ts'
import { addReconcileExplain } from './reconcile/explain.ts'
import { addReconcileGhosts } from './reconcile/ghosts.ts'
import { addReconcileMissing } from './reconcile/missing.ts'
import { addReconcileResend } from './reconcile/resend.ts'
import { addReconcileRun } from './reconcile/run.ts'
import { addReconcileSettings } from './reconcile/settings.ts'
import { addReconcileStatus } from './reconcile/status.ts'

export function addReconcile(reconcile: Command): void {
  addReconcileStatus(reconcile)
  addReconcileRun(reconcile)
  addReconcileExplain(reconcile)
  addReconcileMissing(reconcile)
  addReconcileGhosts(reconcile)
  addReconcileResend(reconcile)
  addReconcileSettings(reconcile)
  addReconcileBreaker(reconcile)
}
