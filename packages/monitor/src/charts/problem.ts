import type { NamedStore } from '@warren/bus/operate'
import { isManagementError } from '@warren/cluster'
import { z } from 'zod'

/** Why something is not shown; the rest is shown all the same. */
export const problem = z.object({
  kind: z.enum(['no-cluster', 'cluster-away', 'statistics-off', 'queue-absent', 'store-away']),
  name: z.string().meta({ description: 'of the cluster, queue or store that it is about' }),
  message: z.string(),
})

export type Problem = z.infer<typeof problem>

export const noCluster: Problem = { kind: 'no-cluster', name: '', message: 'no cluster is named' }

/** Reads what a store has; null, and a problem more, while it does not answer. */
export async function fromStore<Value>(
  { label, store }: NamedStore,
  problems: Problem[],
  read: () => Promise<Value>,
): Promise<Value | null> {
  try {
    return await read()
  } catch (error) {
    if (!store.isUnavailable(error)) throw error
    problems.push({ kind: 'store-away', name: label, message: messageOf(error) })
    return null
  }
}

/** The same of a cluster. */
export async function fromCluster<Value>(
  name: string,
  problems: Problem[],
  read: () => Promise<Value>,
): Promise<Value | null> {
  try {
    return await read()
  } catch (error) {
    if (!isManagementError(error)) throw error
    problems.push({ kind: 'cluster-away', name, message: messageOf(error) })
    return null
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
