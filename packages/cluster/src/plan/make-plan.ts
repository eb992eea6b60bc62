import type { ManagementClient } from '../management/client.ts'
import { readSnapshot, type Snapshot } from '../snapshot/snapshot.ts'
import { compile, type Compiled } from '../spec/compile.ts'
import type { UserPassword } from '../spec/password.ts'
import type { Spec } from '../spec/spec.ts'
import { type Plan, plan, type PlanOptions } from './plan.ts'

export interface MadePlan {
  readonly plan: Plan
  readonly compiled: Compiled
  readonly snapshot: Snapshot
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
  const compiled = compile(spec, snapshot.broker, passwords)
  return { plan: plan(compiled, snapshot, options), compiled, snapshot }
}
