import type { Bench } from './bench.ts'

/** In the order of running. Those that break nodes come last: the others want the cluster as it was formed. */
const benches = {
  relay: () => import('./relay.ts'),
  'write-path': () => import('./write-path.ts'),
  inbox: () => import('./inbox.ts'),
  'order-to-handled': () => import('./order-to-handled.ts'),
  'order-cost': () => import('./order-cost.ts'),
  latency: () => import('./latency.ts'),
  backfill: () => import('./backfill.ts'),
  'reconcile-cost': () => import('./reconcile-cost.ts'),
  'compare-hour': () => import('./compare-hour.ts'),
  'page-reads': () => import('./page-reads.ts'),
  'large-plan': () => import('./large-plan.ts'),
  'typed-patterns': () => import('./compiler.ts'),
  'node-kill': () => import('./node-kill.ts'),
  'node-freeze': () => import('./node-freeze.ts'),
} as const satisfies Record<string, () => Promise<{ run: Bench }>>

export type BenchName = keyof typeof benches

export const benchNames = Object.keys(benches) as readonly BenchName[]

export function isBenchName(name: string): name is BenchName {
  return Object.hasOwn(benches, name)
}

export async function loadBench(name: BenchName): Promise<Bench> {
  return (await benches[name]()).run
}
