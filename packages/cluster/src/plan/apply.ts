import { ClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import type { ResourceKind } from '../resources/kind.ts'
import { kinds } from '../resources/registry.ts'
import { writeOwned } from './owned.ts'
import type { Plan, Step } from './plan.ts'

export type StepResult =
  | { readonly kind: 'done'; readonly step: Step }
  | { readonly kind: 'failed'; readonly step: Step; readonly error: unknown }
  | { readonly kind: 'skipped'; readonly step: Step }

export interface ApplyOptions {
  readonly onStep?: (result: StepResult, index: number, count: number) => void
  /** Queues that may be removed with messages or consumers: `qu.order.crm`, or `common/qu.order.crm`. */
  readonly removeQueues?: readonly string[]
}

export interface Applied {
  /** One for each step of the plan, in its order. */
  readonly results: readonly StepResult[]
  readonly isComplete: boolean
}

/**
 * Makes the steps of a plan, one after the other in the order of dependency, and stops at the first that fails: what was
 * done is consistent, and a new plan holds the rest. Throws PLAN_BLOCKED, and PRUNE_REFUSED when a queue to be removed has messages
 * or consumers, both before anything is changed.
 */
export async function apply(client: ManagementClient, plan: Plan, options: ApplyOptions = {}): Promise<Applied> {
  refuseReplacements(plan)
  await refuseBusyQueues(client, plan, options.removeQueues ?? [])
  const before = union(plan.owned, plan.named)
  // Written first: what an apply creates before it is killed is known to the next one.
  if (!isSameSet(before, plan.owned)) await writeOwned(client, plan.spec, before)
  const byKind = new Map(kinds.map((kind) => [kind.kind, kind]))
  const results: StepResult[] = []
  for (const [index, step] of plan.steps.entries()) {
    const result = results.some(({ kind }) => kind === 'failed')
      ? ({ kind: 'skipped', step } as const)
      : await make(client, plan, step, byKind.get(step.kind))
    results.push(result)
    options.onStep?.(result, index, plan.steps.length)
  }
  const isComplete = results.every(({ kind }) => kind === 'done')
  if (isComplete && plan.orphans.length === 0 && !isSameSet(before, plan.named)) {
    await writeOwned(client, plan.spec, plan.named)
  }
  return { results, isComplete }
}

async function make(
  client: ManagementClient,
  { broker }: Plan,
  step: Step,
  kind: ResourceKind | undefined,
): Promise<StepResult> {
  try {
    if (step.wanted !== undefined) await kind?.put({ client, broker }, step.wanted, step.found)
    else if (step.found !== undefined) await kind?.remove?.({ client, broker }, step.found)
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

interface QueueState {
  readonly messages?: number
  readonly consumers?: number
}

/** Messages are lost with their queue, so a person has to name it. */
async function refuseBusyQueues(client: ManagementClient, { steps }: Plan, allowed: readonly string[]): Promise<void> {
  const busy: string[] = []
  for (const { action, kind, vhost = '', name } of steps) {
    if (action !== 'delete' || (kind !== 'queue' && kind !== 'vhost')) continue
    const queues = kind === 'queue' ? [{ vhost, name }] : await queuesOf(client, vhost)
    for (const queue of queues) {
      if (allowed.includes(queue.name) || allowed.includes(`${queue.vhost}/${queue.name}`)) continue
      const state = await client.find<QueueState>(api`queues/${queue.vhost}/${queue.name}?columns=messages,consumers`)
      const { messages = 0, consumers = 0 } = state ?? {}
      if (messages > 0 || consumers > 0)
        busy.push(`"${queue.name}" in vhost "${queue.vhost}" (${messages} messages, ${consumers} consumers)`)
    }
  }
  if (busy.length === 0) return
  throw new ClusterError(
    'PRUNE_REFUSED',
    `nothing was changed: queues to be removed are in use: ${busy.join(', ')}. Drain them and stop their consumers, or name each with --remove-queue`,
    { queues: busy },
  )
}

async function queuesOf(client: ManagementClient, vhost: string): Promise<readonly { vhost: string; name: string }[]> {
  return await client.get<{ vhost: string; name: string }[]>(api`queues/${vhost}?columns=vhost,name&disable_stats=true`)
}

function union(left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...left, ...right])
}

function isSameSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && [...left].every((item) => right.has(item))
}
