import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import type { UnreachableStore } from '../../../src/reads/answering.ts'
import { get } from './client.ts'
import { addressOf, REFRESH_MS } from './use-api.ts'
import type { Query } from './use-api.ts'

export interface Page<Row> {
  readonly rows: readonly Row[]
  /** The id behind which the next page begins; null at the end. */
  readonly next: string | null
  readonly unreachable: readonly UnreachableStore[]
}

/** How often a search of many parts is begun again while a store is not in it. */
const WHILE_AWAY_MS = 15_000

export interface Search<Row> {
  readonly query: UseQueryResult<Page<Row>>
  /** How far down it has looked and found nothing, as an id; null before it knows. */
  readonly through: string | null
}

/**
 * One page of a search. Where no index helps the server looks through a part at a time: parts without any row are passed
 * over here, one request after the other, until there is one or the end.
 */
export function usePage<Row>(path: string, query: Query): Search<Row> {
  const address = addressOf(path, query)
  const [looked, setLooked] = useState<{ readonly address: string; readonly through: string } | null>(null)
  const result = useQuery({
    queryKey: [address],
    queryFn: async ({ signal }) => {
      let page = await get<Page<Row>>(address)
      let parts = 1
      // Also of a part that was passed over.
      const away = new Map(page.unreachable.map((each) => [each.store, each]))
      for (; page.rows.length === 0 && page.next !== null && !signal.aborted; parts++) {
        setLooked({ address, through: page.next })
        page = await get<Page<Row>>(addressOf(path, { ...query, before: page.next }))
        for (const each of page.unreachable) away.set(each.store, each)
      }
      return { ...page, unreachable: [...away.values()], parts }
    },
    // A search of many parts is not begun again by itself.
    refetchInterval: ({ state: { data } }) =>
      data === undefined || data.parts === 1 ? REFRESH_MS : data.unreachable.length > 0 && WHILE_AWAY_MS,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
    retry: false,
  })
  const isLooking = result.isFetching && looked?.address === address
  return { query: result, through: isLooking ? looked.through : null }
}
