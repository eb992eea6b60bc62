import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ErrorNote } from './error-note.tsx'

/** What was read, when it is there; an error above what was read before it. */
export function Loaded<Reply>({
  query,
  children,
}: {
  readonly query: UseQueryResult<Reply>
  readonly children: (reply: Reply) => ReactNode
}): ReactNode {
  return (
    <>
      {query.error === null ? null : <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.data === undefined ? (
        query.error === null ? (
          <p aria-busy="true" className="waiting" />
        ) : null
      ) : (
        children(query.data)
      )}
    </>
  )
}
