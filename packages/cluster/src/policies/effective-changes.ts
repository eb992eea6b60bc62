import type { Plan } from '../plan/plan.ts'
import { isSame } from '../resources/value.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { type Effective, queuePolicies } from './effective.ts'
import { worldAfter } from './world.ts'

/** What holds for a queue before and after a plan; undefined where there is no such queue. */
export interface EffectiveChange {
  readonly vhost: string
  readonly queue: string
  readonly before: Effective | undefined
  readonly after: Effective | undefined
}

/** Every queue that the plan touches: itself, or by a policy that comes, goes or changes. Pure. */
export function effectiveChanges(plan: Plan, snapshot: Snapshot): readonly EffectiveChange[] {
  const before = worldAfter(snapshot)
  const after = worldAfter(snapshot, plan.steps)
  const steps = plan.steps.filter(({ kind }) => kind === 'queue' || kind === 'policy' || kind === 'operator-policy')
  const touched = new Set(
    steps.filter(({ kind }) => kind === 'queue').map(({ vhost, name }) => JSON.stringify([vhost, name])),
  )
  const vhosts = [...new Set(steps.map(({ vhost = '' }) => vhost))]
  return vhosts.flatMap((vhost) => {
    const [past, future] = [before.get(vhost), after.get(vhost)]
    const [pastPolicies, futurePolicies] = [past, future].map((world) => world && queuePolicies(world))
    const names = new Set([...(past?.queues.keys() ?? []), ...(future?.queues.keys() ?? [])])
    return [...names].flatMap((queue) => {
      const [was, is] = [past?.queues.get(queue), future?.queues.get(queue)]
      const change = {
        vhost,
        queue,
        before: was && pastPolicies?.(queue, was.type),
        after: is && futurePolicies?.(queue, is.type),
      }
      const isTouched = touched.has(JSON.stringify([vhost, queue]))
      const hasChanged = !isSame(change.before?.definition ?? {}, change.after?.definition ?? {})
      return isTouched || hasChanged ? [change] : []
    })
  })
}
