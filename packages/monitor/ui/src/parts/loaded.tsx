import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { UnreachableStore } from '../../../src/reads/answering.ts'
import { ErrorNote } from './error-note.tsx'
import { StoresAway } from './stores-away.tsx'

/** What was read, when it is there, below which stores are not in it; an error above what was read before it. */
export function Loaded<Reply>({
  query,
  isPart = false,
  children,
}: {
  readonly query: UseQueryResult<Reply>
  /** Something else on the same page tells which stores are away. */
  readonly isPart?: boolean
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
        <>
          {isPart ? null : <StoresAway of={awayIn(query.data)} />}
          {children(query.data)}
        </>
      )}
    </>
  )
}

/** Answers that are read from several stores say it. */
function awayIn(reply: unknown): readonly UnreachableStore[] {
  const isSaid = typeof reply === 'object' && reply !== null && 'unreachable' in reply
  return isSaid ? (reply.unreachable as readonly UnreachableStore[]) : []
}
