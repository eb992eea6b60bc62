import type { Step } from '../plan/plan.ts'
import { isSame } from '../resources/value.ts'
import { type Effective, simulatePolicies } from './effective.ts'
import type { VhostWorld, World } from './world.ts'

/** What holds for a queue or an exchange before and after a plan; undefined where there is no such object. */
export interface EffectiveChange {
  readonly vhost: string
  readonly kind: 'queue' | 'exchange'
  readonly name: string
  readonly before: Effective | undefined
  readonly after: Effective | undefined
}

/** What the broker has before and after the steps of a plan. */
export interface Worlds {
  readonly before: World
  readonly after: World
  readonly version: string
}

/** Every queue that the steps touch, and every exchange and queue for which a policy comes, goes or changes. Pure. */
export function effectiveChanges(all: readonly Step[], worlds: Worlds): readonly EffectiveChange[] {
  const { before, after, version } = worlds
  const steps = all.filter(({ kind }) => ['queue', 'exchange', 'policy', 'operator-policy'].includes(kind))
  const touched = new Set(
    steps.filter(({ kind }) => kind === 'queue').map(({ vhost, name }) => JSON.stringify([vhost, name])),
  )
  const vhosts = [...new Set(steps.map(({ vhost = '' }) => vhost))]
  return vhosts.flatMap((vhost) => {
    const past = holdingIn(before.get(vhost), version)
    const future = holdingIn(after.get(vhost), version)
    return (['exchange', 'queue'] as const).flatMap((kind) =>
      [...new Set([...past.names(kind), ...future.names(kind)])].flatMap((name): readonly EffectiveChange[] => {
        const change = { vhost, kind, name, before: past.of(kind, name), after: future.of(kind, name) }
        const isTouched = kind === 'queue' && touched.has(JSON.stringify([vhost, name]))
        const hasChanged = !isSame(change.before?.definition ?? {}, change.after?.definition ?? {})
        return isTouched || hasChanged ? [change] : []
      }),
    )
  })
}

interface Holding {
  readonly names: (kind: EffectiveChange['kind']) => Iterable<string>
  readonly of: (kind: EffectiveChange['kind'], name: string) => Effective | undefined
}

function holdingIn(world: VhostWorld | undefined, version: string): Holding {
  if (world === undefined) return { names: () => [], of: () => undefined }
  const policiesOf = simulatePolicies(world, version)
  return {
    names: (kind) => (kind === 'queue' ? world.queues.keys() : world.exchanges.keys()),
    of: (kind, name) => {
      if (kind === 'exchange') return world.exchanges.has(name) ? policiesOf(name, 'exchange') : undefined
      const queue = world.queues.get(name)
      return queue && policiesOf(name, queue.type)
    },
  }
}
