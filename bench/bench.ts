import type { Cluster } from '@warren/cluster/local'
import type { Database } from './support/database.ts'
import type { Row } from './row.ts'

/** What a benchmark gets to work with. */
export interface BenchContext {
  /** The short form: fewer events and 3 alternations instead of 5. */
  readonly quick: boolean
  /** Three private nodes, all running; a benchmark that stops one starts it again. */
  readonly broker: Cluster
  readonly database: Database
  /** One line for the person who waits. */
  readonly progress: (line: string) => void
}

/** Rejects when it cannot run, or when an event was lost. */
export type Bench = (context: BenchContext) => Promise<readonly Row[]>

export function alternations({ quick }: Pick<BenchContext, 'quick'>): number {
  return quick ? 3 : 5
}
