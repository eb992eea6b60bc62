import type { ReactNode } from 'react'
import type { BulkRow } from '../../../src/api/bulk.ts'
import { useApi } from '../api/use-api.ts'
import { count, duration } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from '../parts/action.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { Table } from '../parts/table.tsx'

interface Reply {
  readonly rows: readonly BulkRow[]
}

const looks = { running: 'pending', done: 'good', failed: 'bad', cancelled: 'none' } as const

/** While something is under way people wait for it. */
const everyMs = (reply: Reply | undefined): number =>
  reply?.rows.some(({ state }) => state === 'running') === true ? 1_000 : 5_000

/** What was asked for more failures than are done at once, and how far it is; nothing where there was none. */
export function BulkActions(): ReactNode {
  const { t, language } = useLanguage()
  const query = useApi<Reply>('bulk-actions', {}, everyMs)
  return (
    <Loaded query={query} isPart>
      {({ rows }) => (
        <>
          {rows.length === 0 ? null : (
            <section>
              <h2>{t.bulk.heading}</h2>
              <p className="hint">{t.bulk.hint}</p>
              <Table
                label={t.bulk.heading}
                rows={rows}
                keyOf={({ id }) => id}
                columns={[
                  { heading: t.activity.what, cell: ({ action }) => t.failures[action] },
                  {
                    heading: t.fields.state,
                    cell: ({ state }) => <span className={`state ${looks[state]}`}>{t.bulk.states[state]}</span>,
                  },
                  { heading: t.backfill.progress, cell: (row) => <Progress bulk={row} /> },
                  { heading: t.bulk.steer, cell: (row) => <Steering bulk={row} /> },
                  {
                    heading: t.backfill.pace,
                    isNumber: true,
                    cell: ({ state, pace }) =>
                      state !== 'running' || pace === null ? '' : count(Math.round(pace), language),
                  },
                  {
                    heading: t.backfill.left,
                    cell: ({ remainingMs }) => (remainingMs === null ? '' : duration(remainingMs)),
                  },
                  { heading: t.bulk.conditions, cell: ({ conditions }) => textOf(conditions), isWide: true },
                  { heading: t.activity.who, cell: ({ requestedBy }) => requestedBy },
                  { heading: t.backfill.requested, cell: ({ requestedAt }) => <Moment iso={requestedAt} /> },
                  { heading: t.fields.store, cell: ({ store }) => store },
                  { heading: t.fields.error, cell: ({ error }) => error ?? '', isWide: true },
                ]}
              />
            </section>
          )}
        </>
      )}
    </Loaded>
  )
}

function textOf(conditions: BulkRow['conditions']): string {
  return Object.entries(conditions)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
}

function Progress({ bulk: { done, total } }: { readonly bulk: BulkRow }): ReactNode {
  const { t, language } = useLanguage()
  const text = t.backfill.sent(count(done, language), count(total, language))
  return (
    <span className="progress">
      <progress value={Math.min(done, total)} max={Math.max(1, total)} aria-label={text} />
      {text}
    </span>
  )
}

function Steering({ bulk: { id, state, done, total } }: { readonly bulk: BulkRow }): ReactNode {
  const { t, language } = useLanguage()
  if (state === 'done' || state === 'cancelled') return null
  const left = count(Math.max(0, total - done), language)
  return (
    <span className="buttons">
      {state === 'failed' ? <Action label={t.bulk.resume} path={`bulk-actions/${id}/resume`} /> : null}
      <Action label={t.bulk.cancel} path={`bulk-actions/${id}/cancel`} sure={t.bulk.cancelSure(left)} isDangerous />
    </span>
  )
}
