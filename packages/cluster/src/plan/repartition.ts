import type { BindingValue } from '../resources/binding.ts'
import { bindingKind } from '../resources/binding.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Compiled } from '../spec/compile.ts'
import type { Step } from './plan.ts'

/**
 * A partitioned queue that gets other partitions than it has. Entities move between them: what is published afterwards can
 * overtake what waits in an old one.
 */
export interface Repartition {
  readonly vhost: string
  readonly queue: string
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** Exchanges that messages come from now. */
  readonly sources: readonly string[]
}

/** A queue that has no partition yet is not among them: nothing waits. Pure. */
export function repartitionsIn(steps: readonly Step[], compiled: Compiled, snapshot: Snapshot): readonly Repartition[] {
  const found = [...bindingKind.found(snapshot)]
  return compiled.vhosts.flatMap(([vhost]) => {
    const partitioned = compiled.partitionedIn(vhost)
    if (partitioned.length === 0) return []
    const here = found.filter((binding) => binding.vhost === vhost).map(({ value }) => value)
    const going = steps.filter((step) => step.vhost === vhost && step.action === 'delete')
    const lostQueues = new Set(going.filter(({ kind }) => kind === 'queue').map(({ name }) => name))
    return partitioned.flatMap(({ queue }) => {
      const isFrom = (step: Step, binding: object | undefined): boolean =>
        step.kind === 'binding' && step.vhost === vhost && valueOf(binding)?.from === queue
      const before = new Set(here.filter(({ from }) => from === queue).map(({ to }) => to))
      const made = steps.filter((step) => isFrom(step, step.wanted?.value)).map(({ wanted }) => valueOf(wanted?.value))
      const lost = going.filter((step) => isFrom(step, step.found?.value)).map(({ found }) => valueOf(found?.value))
      const gone = new Set([...lostQueues, ...lost.map((binding) => binding?.to)])
      const after = new Set([...[...before].filter((name) => !gone.has(name)), ...made.map((each) => each?.to ?? '')])
      if (before.size === 0 || (before.size === after.size && [...before].every((name) => after.has(name)))) return []
      const sources = new Set(
        here.filter(({ to, toKind }) => toKind === 'exchange' && to === queue).map(({ from }) => from),
      )
      return [{ vhost, queue, before: sorted(before), after: sorted(after), sources: [...sources].toSorted() }]
    })
  })
}

/** What a person does around the apply, in this order. */
export function drainOrder({ queue, before, sources }: Repartition): readonly string[] {
  const from = sources.length === 0 ? `"${queue}"` : sources.map((name) => `"${name}"`).join(', ')
  return [
    `stop publishing to ${from}; unbinding alone would lose for "${queue}" what is published meanwhile`,
    `wait until ${before[0] ?? ''} to ${before.at(-1) ?? ''} are empty, with their consumers on`,
    'apply: queues and bindings change; it is refused while messages wait or come',
    'start a consumer on each new partition, and publish again',
  ]
}

/** A step of the kind binding holds what that kind made. */
function valueOf(value: object | undefined): BindingValue | undefined {
  return value as BindingValue | undefined
}

function sorted(names: ReadonlySet<string>): readonly string[] {
  return [...names].toSorted((left, right) => left.localeCompare(right, 'en', { numeric: true }))
}
