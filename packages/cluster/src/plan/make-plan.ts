import type { Finding } from '../lint/finding.ts'
import { lintPlan } from '../lint/lint.ts'
import type { ManagementClient } from '../management/client.ts'
import { worldAfter } from '../policies/world.ts'
import { effectiveChanges, type EffectiveChange } from '../policies/effective-changes.ts'
import { readSnapshot, type Snapshot } from '../snapshot/snapshot.ts'
import { compile } from '../spec/compile.ts'
import type { UserPassword } from '../spec/password.ts'
import type { Spec } from '../spec/spec.ts'
import { type Plan, plan, type PlanOptions } from './plan.ts'

export interface MadePlan {
  readonly plan: Plan
  readonly findings: readonly Finding[]
  /** For every queue that the plan touches, what holds before and after. */
  readonly effective: readonly EffectiveChange[]
}

/** Reads the broker and plans. `passwords` is what `fetchPasswords` returned. Changes nothing. */
export async function makePlan(
  client: ManagementClient,
  spec: Spec,
  passwords: ReadonlyMap<string, UserPassword>,
  options: PlanOptions = {},
): Promise<MadePlan> {
  const replicated = Object.entries(spec.vhosts ?? {}).filter(([, { replication }]) => replication !== undefined)
  const snapshot = await readSnapshot(client, { membersOf: replicated.map(([name]) => name) })
  return planFor(snapshot, spec, passwords, options)
}

/** The same from a snapshot that is at hand. Pure. */
export function planFor(
  snapshot: Snapshot,
  spec: Spec,
  passwords: ReadonlyMap<string, UserPassword>,
  options: PlanOptions = {},
): MadePlan {
  const compiled = compile(spec, snapshot.broker, passwords)
  const made = plan(compiled, snapshot, options)
  // Each is all that the broker has, in maps: made once, and the same one where nothing changes.
  const before = worldAfter(snapshot)
  const after = made.steps.length === 0 ? before : worldAfter(snapshot, made.steps)
  return {
    plan: made,
    findings: lintPlan(after, compiled),
    effective: effectiveChanges(made.steps, { before, after, version: snapshot.broker.version }),
  }
}
