import type { NamedStore } from '@warren/bus/operate'
import { isManagementError } from '@warren/cluster'
import { z } from 'zod'
import { readAnswering } from '../reads/answering.ts'

/** Why something is not shown; the rest is shown all the same. */
export const problem = z.object({
  kind: z.enum(['no-cluster', 'cluster-away', 'statistics-off', 'queue-absent', 'store-away']),
  name: z.string().meta({ description: 'of the cluster, queue or store that it is about' }),
  message: z.string(),
})

export type Problem = z.infer<typeof problem>

export const noCluster: Problem = { kind: 'no-cluster', name: '', message: 'no cluster is named' }

/** Reads what the stores have that answer; the others are problems, beside those that `read` adds. */
export async function fromStores<Reply extends object>(
  stores: readonly NamedStore[],
  read: (answering: readonly NamedStore[], problems: Problem[]) => Promise<Reply>,
): Promise<Reply & { problems: Problem[] }> {
  const { value, unreachable } = await readAnswering(stores, async (answering) => {
    const problems: Problem[] = []
    return { reply: await read(answering, problems), problems }
  })
  const away = unreachable.map(({ store, message }): Problem => ({ kind: 'store-away', name: store, message }))
  const all = [...away, ...value.problems].map((each) => [`${each.kind} ${each.name}`, each] as const)
  return { ...value.reply, problems: [...new Map(all).values()] }
}

/** Reads what a cluster tells; null, and a problem more, while it does not answer. */
export async function fromCluster<Value>(
  name: string,
  problems: Problem[],
  read: () => Promise<Value>,
): Promise<Value | null> {
  try {
    return await read()
  } catch (error) {
    if (!isManagementError(error)) throw error
    problems.push({ kind: 'cluster-away', name, message: error.message })
    return null
  }
}
