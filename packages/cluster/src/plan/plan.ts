import type { Broker } from '../management/broker.ts'
import { identityOf, labelOf, type Resource, type ResourceKind } from '../resources/kind.ts'
import { kinds } from '../resources/registry.ts'
import { type Change, changesBetween } from '../resources/value.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Compiled } from '../spec/compile.ts'
import { ownedIn, ownershipHash } from './owned.ts'
import { type Repartition, repartitionsIn } from './repartition.ts'

export type Action = 'create' | 'update' | 'replace' | 'delete'

/** One change that an apply makes. `replace` is one that it cannot make: the way out says what a person can do. */
export interface Step {
  readonly action: Action
  readonly kind: string
  readonly vhost: string | undefined
  readonly name: string
  readonly label: string
  readonly changes: readonly Change[]
  readonly wayOut?: string
  readonly wanted: Resource | undefined
  readonly found: Resource | undefined
}

export interface Plan {
  readonly spec: string
  readonly broker: Broker
  /** In the order in which they are made. */
  readonly steps: readonly Step[]
  /** What the spec owns and does not name any more; removed by an apply that prunes. Empty in a plan that does. */
  readonly orphans: readonly Step[]
  /** Partitioned queues that the steps give other partitions. */
  readonly repartitions: readonly Repartition[]
  /** Hashes of what it owned when the broker was read. */
  readonly owned: ReadonlySet<string>
  /** Hashes of what the spec names and the plan has chosen: an apply makes it, or has found it. */
  readonly claimed: ReadonlySet<string>
  /** Hashes of what the spec owns once every step is made: what it does not name stays its own until it is removed. */
  readonly ownedAfter: ReadonlySet<string>
}

export interface PlanOptions {
  /** Removes what the spec owns and does not name any more. */
  readonly prune?: boolean
  /** Only what one of these names: `queue/qu.order.crm`, `queue/common/qu.order.crm`, or a kind alone. */
  readonly only?: readonly string[]
}

/** What would have to change for the broker to be as the spec says. Pure. */
export function plan(compiled: Compiled, snapshot: Snapshot, options: PlanOptions = {}): Plan {
  const { prune = false, only = [] } = options
  const spec = compiled.spec.name ?? 'warren'
  const owned = ownedIn(snapshot, spec)
  const isChosen = chooser(only)
  const named = new Set<string>()
  const claimed = new Set<string>()
  const changing: Step[] = []
  const removing: Step[] = []
  for (const kind of kinds) {
    const wanted = byIdentity(kind, kind.wanted(compiled))
    const found = byIdentity(kind, kind.found(snapshot))
    for (const [identity, resource] of wanted) {
      const hash = ownershipHash(identity)
      named.add(hash)
      if (isChosen({ kind: kind.kind, ...resource })) claimed.add(hash)
      const step = stepFor(kind, resource, found.get(identity), compiled.broker)
      if (step !== undefined) changing.push(step)
    }
    if (owned.size === 0 || kind.remove === undefined) continue
    for (const [identity, resource] of found) {
      if (wanted.has(identity) || !owned.has(ownershipHash(identity))) continue
      if (kind.kind === 'user' && resource.name === snapshot.user) continue
      removing.push(removalOf(kind, resource))
    }
  }
  const removals = withoutImplied(removing, removing).toReversed().filter(isChosen)
  const steps = [...changing.filter(isChosen), ...(prune ? removals : [])]
  return {
    spec,
    broker: compiled.broker,
    steps,
    orphans: prune ? [] : removals,
    repartitions: repartitionsIn(steps, compiled, snapshot),
    owned,
    claimed,
    ownedAfter: ownedAfter(),
  }

  function ownedAfter(): ReadonlySet<string> {
    const left = prune ? withoutImplied(removing, removals).filter((step) => !removals.includes(step)) : removing
    const kept = new Set([...named, ...left.map((step) => ownershipHash(identityOfStep(step)))])
    return new Set([...owned, ...claimed].filter((hash) => kept.has(hash)))
  }
}

function identityOfStep({ kind, vhost, name }: Step): string {
  return identityOf(kind, { ...(vhost === undefined ? {} : { vhost }), name })
}

function byIdentity(kind: ResourceKind, resources: Iterable<Resource>): ReadonlyMap<string, Resource> {
  const all = new Map<string, Resource>()
  for (const resource of resources) all.set(identityOf(kind.kind, resource), resource)
  return all
}

function stepFor(kind: ResourceKind, wanted: Resource, found: Resource | undefined, broker: Broker): Step | undefined {
  const base = {
    kind: kind.kind,
    vhost: wanted.vhost,
    name: wanted.name,
    label: labelOf(kind.kind, wanted),
    wanted,
    found,
  }
  if (found === undefined) return { action: 'create', changes: changesBetween({}, wanted.value), ...base }
  const changes = kind.changes?.(found.value, wanted.value) ?? changesBetween(found.value, wanted.value)
  if (changes.length === 0) return undefined
  const immutable = changes.filter(({ path }) =>
    kind.immutable?.some((field) => path === field || path.startsWith(`${field}.`)),
  )
  const wayOut = immutable.length === 0 ? '' : (kind.wayOut?.(wanted, immutable, broker) ?? '')
  return wayOut === '' ? { action: 'update', changes, ...base } : { action: 'replace', changes, wayOut, ...base }
}

function removalOf(kind: ResourceKind, found: Resource): Step {
  const label = labelOf(kind.kind, found)
  return {
    action: 'delete',
    kind: kind.kind,
    vhost: found.vhost,
    name: found.name,
    label,
    changes: [],
    wanted: undefined,
    found,
  }
}

/** Those that do not go with others that are removed: with a vhost all that is in it, with an exchange or a queue its bindings. */
function withoutImplied(removals: readonly Step[], removed: readonly Step[]): readonly Step[] {
  const going = new Set(removed.map(identityOfStep))
  return removals.filter(({ kind, vhost, found }) => {
    if (vhost === undefined || kind === 'vhost') return true
    if (going.has(identityOf('vhost', { vhost, name: vhost }))) return false
    if (kind !== 'binding' || found === undefined) return true
    const { from, to, toKind } = found.value as { from: string; to: string; toKind: string }
    return (
      !going.has(identityOf('exchange', { vhost, name: from })) && !going.has(identityOf(toKind, { vhost, name: to }))
    )
  })
}

type Choosable = Pick<Step, 'kind' | 'name'> & { readonly vhost?: string | undefined }

function chooser(only: readonly string[]): (step: Choosable) => boolean {
  if (only.length === 0) return () => true
  const wanted = new Set(only)
  return ({ kind, vhost, name }) =>
    wanted.has(kind) || wanted.has(`${kind}/${name}`) || (vhost !== undefined && wanted.has(`${kind}/${vhost}/${name}`))
}
