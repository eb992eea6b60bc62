import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { QueueRow } from '../../../src/api/cluster-queues.ts'
import { count } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from './action.tsx'

export function QueueLink({
  cluster,
  name,
  children = name,
}: {
  readonly cluster: string
  readonly name: string
  readonly children?: ReactNode
}): ReactNode {
  return (
    <Link to="/cluster/$cluster/queues/$queue" params={{ cluster, queue: name }}>
      {children}
    </Link>
  )
}

/** True for a mirrored queue with a mirror that has not caught up; members of other queues catch up by themselves. */
export function isBehind({ type, replicas }: Pick<QueueRow, 'type' | 'replicas'>): boolean {
  return type === 'classic' && replicas.some(({ isWell }) => !isWell)
}

/** Lets the mirrors of these queues catch up. */
export function SyncAction({
  cluster,
  queues,
  label,
}: {
  readonly cluster: string
  readonly queues: readonly Pick<QueueRow, 'name' | 'messages'>[]
  readonly label: (count: string) => string
}): ReactNode {
  const { t, language } = useLanguage()
  if (queues.length === 0) return null
  const some = queues.slice(0, MOST_AT_ONCE)
  const messages = some.reduce((sum, queue) => sum + (queue.messages ?? 0), 0)
  const number = count(some.length, language)
  return (
    <p className="buttons above">
      <Action
        label={label(number)}
        path={`clusters/${encodeURIComponent(cluster)}/queues/sync`}
        body={{ queues: some.map(({ name }) => name) }}
        sure={t.cluster.syncSure(number, count(messages, language))}
        done={t.cluster.begun}
      />
    </p>
  )
}

/** Of one request. */
const MOST_AT_ONCE = 500
