import type { BindingValue } from '../resources/binding.ts'
import type { ExchangeValue } from '../resources/exchange.ts'
import type { Resource } from '../resources/kind.ts'
import type { PolicyValue } from '../resources/policy.ts'
import type { QueueValue } from '../resources/queue.ts'
import { kinds } from '../resources/registry.ts'
import type { Step } from '../plan/plan.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/** What is in one vhost, by name. */
export interface VhostWorld {
  readonly queues: ReadonlyMap<string, QueueValue>
  readonly exchanges: ReadonlyMap<string, ExchangeValue>
  readonly policies: ReadonlyMap<string, PolicyValue>
  readonly operatorPolicies: ReadonlyMap<string, PolicyValue>
  readonly bindings: ReadonlyMap<string, BindingValue>
}

export type World = ReadonlyMap<string, VhostWorld>

interface MutableWorld {
  readonly queues: Map<string, unknown>
  readonly exchanges: Map<string, unknown>
  readonly policies: Map<string, unknown>
  readonly operatorPolicies: Map<string, unknown>
  readonly bindings: Map<string, unknown>
}

const places: Readonly<Record<string, keyof MutableWorld>> = {
  queue: 'queues',
  exchange: 'exchanges',
  policy: 'policies',
  'operator-policy': 'operatorPolicies',
  binding: 'bindings',
}

/** The queues, exchanges, bindings and policies as they are, and as they are once these steps are made. Pure. */
export function worldAfter(snapshot: Snapshot, steps: readonly Step[] = []): World {
  const world = new Map<string, MutableWorld>()
  const placeOf = (kind: string, vhost = ''): Map<string, unknown> | undefined => {
    const place = places[kind]
    if (place === undefined) return undefined
    let here = world.get(vhost)
    if (here === undefined) {
      here = {
        queues: new Map(),
        exchanges: new Map(),
        policies: new Map(),
        operatorPolicies: new Map(),
        bindings: new Map(),
      }
      world.set(vhost, here)
    }
    return here[place]
  }
  for (const kind of kinds) {
    if (places[kind.kind] === undefined) continue
    for (const { vhost, name, value } of kind.found(snapshot)) placeOf(kind.kind, vhost)?.set(name, value)
  }
  for (const { action, kind, vhost, name, wanted } of steps) {
    if (action === 'delete' && kind === 'vhost') world.delete(name)
    else if (action === 'delete') placeOf(kind, vhost)?.delete(name)
    else if (wanted !== undefined) placeOf(kind, vhost)?.set(name, withType(wanted))
  }
  // Each place holds what its kind made.
  return world as unknown as World
}

/** A queue whose type is left to the broker is taken for a classic one. */
function withType({ value }: Resource): unknown {
  return 'type' in value && value['type'] === undefined ? { ...value, type: 'classic' } : value
}
