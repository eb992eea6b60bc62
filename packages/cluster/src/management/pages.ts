import type { ManagementClient, RequestOptions } from './client.ts'
import { type ApiPath, withQuery } from './path.ts'

export interface PageOptions extends RequestOptions {
  /** At most 500, which is what the broker takes. Default 500. */
  readonly pageSize?: number
  /** The fields that are wanted; all by default. */
  readonly columns?: readonly string[]
  /**
   * Leaves out rates and, unless `withTotals` is set, message counts, which the broker has to gather from all nodes. Default
   * true.
   */
  readonly disableStats?: boolean
  readonly withTotals?: boolean
}

interface Page<T> {
  readonly items: readonly T[]
  readonly page_count: number
}

/**
 * All objects of a list that has pages (`queues`, `queues/:vhost`, `exchanges`, `connections`, `channels`), page by page:
 * polling whole lists of queues is what brings a management node down. What is created or deleted meanwhile may be missed
 * or told twice.
 */
export async function* listPages<T>(
  client: ManagementClient,
  path: ApiPath,
  options: PageOptions = {},
): AsyncGenerator<readonly T[], void, void> {
  const { pageSize = 500, columns, disableStats = true, withTotals = false } = options
  for (let page = 1, pages = 1; page <= pages; page++) {
    const query = withQuery(path, {
      page,
      page_size: pageSize,
      pagination: true,
      columns: columns?.join(','),
      disable_stats: disableStats || undefined,
      enable_queue_totals: withTotals || undefined,
    })
    const answer = await client.get<Page<T> | readonly T[]>(query, options)
    if (!('page_count' in answer)) {
      // A list without pages comes whole.
      yield answer
      return
    }
    pages = answer.page_count
    yield answer.items
  }
}

/** The same in one array. */
export async function listAll<T>(client: ManagementClient, path: ApiPath, options: PageOptions = {}): Promise<T[]> {
  const all: T[] = []
  for await (const items of listPages<T>(client, path, options)) all.push(...items)
  return all
}
