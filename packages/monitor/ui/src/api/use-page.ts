import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { UseQueryResult } from '@tanstack/react-query'
import { useState } from 'react'
import { get } from './client.ts'
import { addressOf, REFRESH_MS } from './use-api.ts'
import type { Query } from './use-api.ts'

export interface Page<Row> {
  readonly rows: readonly Row[]
  /** The id behind which the next page begins; null at the end. */
  readonly next: string | null
}

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
      for (; page.rows.length === 0 && page.next !== null && !signal.aborted; parts++) {
        setLooked({ address, through: page.next })
        page = await get<Page<Row>>(addressOf(path, { ...query, before: page.next }))
      }
      return { ...page, parts }
    },
    // A search of many parts is not begun again by itself.
    refetchInterval: ({ state }) => (state.data === undefined || state.data.parts === 1 ? REFRESH_MS : false),
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
    retry: false,
  })
  const isLooking = result.isFetching && looked?.address === address
  return { query: result, through: isLooking ? looked.through : null }
}
