import type { ClusterSections, VhostSections } from '../resources/registry.ts'
import type { NodeSpec } from './nodes.ts'
import type { ReplicationSection } from './replication.ts'

/** One cluster as it should be: `warren.yaml`, or the same object in TypeScript. */
export interface Spec extends ClusterSections {
  /** Tells the objects of this spec from those of another one on the same broker. Default `warren`. */
  readonly name?: string
  /** Management listeners: `http://n1:15672`. User and password come from the environment. */
  readonly endpoints?: readonly string[]
  /** By the name of the node: `rabbit@n1`. Compared with what is there, not changed. */
  readonly nodes?: Readonly<Record<string, NodeSpec>>
  /** Values of variables where neither the environment that is chosen nor that of the process has one. */
  readonly variables?: Variables
  /** Values of variables by environment: `warren plan --env staging`. */
  readonly environments?: Readonly<Record<string, Variables>>
  readonly vhosts?: Readonly<Record<string, VhostSpec>>
}

/** Used anywhere in a spec as `${NAME}`; `$${` is a plain `${`. */
export type Variables = Readonly<Record<string, string | number | boolean>>

export interface VhostSpec extends VhostSections, ReplicationSection {}

/**
 * Types a spec; returns it as it is.
 *
 * ```ts
 * export default defineCluster({
 *   vhosts: { shop: { exchanges: { 'ex.order.topic': { type: 'topic' } } } },
 * })
 * ```
 */
export function defineCluster(spec: Spec): Spec {
  return spec
}
