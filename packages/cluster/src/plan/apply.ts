import { ClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import type { RemoveContext, ResourceKind } from '../resources/kind.ts'
import { kinds } from '../resources/registry.ts'
import { isNamed, refuseBusyQueues } from './busy-queues.ts'
import { writeOwned } from './owned.ts'
import type { Plan, Step } from './plan.ts'
import { refuseUndrained } from './undrained.ts'

export type StepResult =
  | { readonly kind: 'done'; readonly step: Step }
  | { readonly kind: 'failed'; readonly step: Step; readonly error: unknown }
  | { readonly kind: 'skipped'; readonly step: Step }

export interface ApplyOptions {
  readonly onStep?: (result: StepResult, index: number, count: number) => void
  /** Queues that may be removed with messages or consumers: `qu.order.crm`, or `common/qu.order.crm`. */
  readonly removeQueues?: readonly string[]
  /** Queues whose partitions may change while messages wait in them; the order per entity is given up for those. */
  readonly repartition?: readonly string[]
}

export interface Applied {
  /** One for each step of the plan, in its order. */
  readonly results: readonly StepResult[]
  readonly isComplete: boolean
}

/**
 * Makes the steps of a plan, one after the other in the order of dependency, and stops at the first that fails: what was
 * done is consistent, and a new plan holds the rest. Throws PLAN_BLOCKED, PRUNE_REFUSED when a queue to be removed has messages
 * or consumers or a vhost to be removed is protected, and PARTITIONS_NOT_DRAINED, all before anything is changed.
 */
export async function apply(client: ManagementClient, plan: Plan, options: ApplyOptions = {}): Promise<Applied> {
  refuseReplacements(plan)
  refuseProtectedVhosts(plan)
  const { removeQueues = [], repartition = [] } = options
  await refuseBusyQueues(client, plan, removeQueues)
  await refuseUndrained(client, plan.repartitions, repartition)
  const before = union(plan.owned, plan.claimed)
  // Written first: what an apply creates before it is killed is known to the next one.
  if (!isSameSet(before, plan.owned)) await writeOwned(client, plan.spec, before)
  const byKind = new Map(kinds.map((kind) => [kind.kind, kind]))
  const results: StepResult[] = []
  let hasFailed = false
  for (const [index, step] of plan.steps.entries()) {
    const result: StepResult = hasFailed
      ? { kind: 'skipped', step }
      : await make({ client, broker: plan.broker, isForced: isForced(step, removeQueues) }, step, byKind.get(step.kind))
    hasFailed ||= result.kind === 'failed'
    results.push(result)
    options.onStep?.(result, index, plan.steps.length)
  }
  const isComplete = results.every(({ kind }) => kind === 'done')
  if (isComplete && !isSameSet(before, plan.ownedAfter)) await writeOwned(client, plan.spec, plan.ownedAfter)
  return { results, isComplete }
}

function isForced({ kind, vhost = '', name }: Step, removeQueues: readonly string[]): boolean {
  return kind === 'queue' && isNamed({ vhost, name }, removeQueues)
}

async function make(context: RemoveContext, step: Step, kind: ResourceKind | undefined): Promise<StepResult> {
  try {
    if (step.wanted !== undefined) await kind?.put(context, step.wanted, step.found)
    else if (step.found !== undefined) await kind?.remove?.(context, step.found)
    return { kind: 'done', step }
  } catch (error) {
    // Somebody else was faster.
    if (step.action === 'delete' && error instanceof ClusterError && error.code === 'MANAGEMENT_NOT_FOUND') {
      return { kind: 'done', step }
    }
    return { kind: 'failed', step, error }
  }
}

function refuseReplacements({ steps }: Plan): void {
  const blocked = steps.filter(({ action }) => action === 'replace')
  if (blocked.length === 0) return
  const told = blocked.map(({ label, wayOut = '' }) => `${label}: ${wayOut}`)
  throw new ClusterError(
    'PLAN_BLOCKED',
    `nothing was changed: ${blocked.length} of ${steps.length} steps cannot be made on objects that exist. ${told.join('. ')}. Or choose the others with --only`,
    { blocked: blocked.map(({ label }) => label) },
  )
}

/** The broker would answer 412 after the steps before it were made. */
function refuseProtectedVhosts({ steps }: Plan): void {
  const names = steps
    .filter(
      ({ action, kind, found }) => action === 'delete' && kind === 'vhost' && found?.value['isProtected'] === true,
    )
    .map(({ name }) => name)
  if (names.length === 0) return
  throw new ClusterError(
    'PRUNE_REFUSED',
    `nothing was changed: vhosts to be removed are protected against deletion: "${names.join('", "')}". Name each in the spec with isProtected: false and apply, then take it out and prune`,
    { vhosts: names },
  )
}

function union(left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...left, ...right])
}

function isSameSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && [...left].every((item) => right.has(item))
}
