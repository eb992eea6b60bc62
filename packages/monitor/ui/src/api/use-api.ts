import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { UseQueryResult } from '@tanstack/react-query'
import { get } from './client.ts'

export const REFRESH_MS = 3_000

/** What is asked for; left out where it is undefined or empty. */
export type Query = Readonly<Record<string, string | number | undefined>>

export function addressOf(path: string, query: Query): string {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== '') parameters.set(key, String(value))
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`
}

/** Reads a path below `api/`, and again every few seconds. What was there stays until the next is. */
export function useApi<Reply>(
  path: string,
  query: Query = {},
  refreshMs: number | ((reply: Reply | undefined) => number) = REFRESH_MS,
): UseQueryResult<Reply> {
  const address = addressOf(path, query)
  return useQuery({
    queryKey: [address],
    queryFn: () => get<Reply>(address),
    refetchInterval: typeof refreshMs === 'number' ? refreshMs : ({ state }) => refreshMs(state.data),
    placeholderData: keepPreviousData,
    retry: false,
  })
}
