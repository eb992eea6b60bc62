import type { ReactNode } from 'react'
import type { ClusterActionRow } from '../../../src/api/cluster-queues.ts'
import { useApi } from '../api/use-api.ts'
import { count } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Moment } from './moment.tsx'
import { Table } from './table.tsx'

const looks = { running: 'pending', done: 'good', failed: 'bad', left: 'none' } as const

interface Reply {
  readonly actions: readonly ClusterActionRow[]
}

/** While something is under way people wait for it. */
const everyMs = (reply: Reply | undefined): number =>
  reply?.actions.some(({ state }) => state === 'running') === true ? 1_000 : 5_000

export function useClusterActions(cluster: string): readonly ClusterActionRow[] {
  return useApi<Reply>(`clusters/${encodeURIComponent(cluster)}/actions`, {}, everyMs).data?.actions ?? []
}

/** What the page does to a cluster, or to one of its queues; nothing where nothing was done. */
export function ClusterActions({ cluster, queue }: { readonly cluster: string; readonly queue?: string }): ReactNode {
  const { t } = useLanguage()
  const rows = useClusterActions(cluster).filter(
    ({ queues }) => queue === undefined || queues.some(({ name }) => name === queue),
  )
  if (rows.length === 0) return null
  return (
    <section>
      <h2>{t.clusterActions.heading}</h2>
      <Table
        label={t.clusterActions.heading}
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { heading: t.activity.what, cell: ({ action }) => t.clusterActions.names[action] ?? action },
          {
            heading: t.fields.state,
            cell: ({ state }) => (
              <span className={`state ${looks[state]}`}>{t.clusterActions.outcomes[state] ?? state}</span>
            ),
          },
          { heading: t.activity.to, cell: (row) => <Progress row={row} queue={queue} />, isWide: true },
          { heading: t.activity.who, cell: ({ actor }) => actor },
          { heading: t.activity.when, cell: ({ startedAt }) => <Moment iso={startedAt} /> },
        ]}
      />
    </section>
  )
}

function Progress({ row, queue }: { readonly row: ClusterActionRow; readonly queue: string | undefined }): ReactNode {
  const { t, language } = useLanguage()
  const { queues, moved, error } = row
  const shown = queues.filter(({ name }) => queue === undefined || name === queue)
  return (
    <>
      {moved === null ? null : t.clusterActions.moved(count(moved, language))}
      {shown.map(({ name, state, copied, messages, error: reason }) => (
        <div key={name}>
          {name}: {t.clusterActions.outcomes[state] ?? state}
          {state === 'running' && messages > 0
            ? ` · ${t.clusterActions.copied(count(copied, language), count(messages, language))}`
            : ''}
          {reason === null ? '' : ` · ${reason}`}
        </div>
      ))}
      {error === null ? null : <div>{error.message}</div>}
    </>
  )
}
