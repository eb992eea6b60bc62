import { Link, useSearch } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { TrendsReply } from '../../../src/api/failure-trends.ts'
import type { BlockedRow, FailureGroupRow, FailureRow } from '../../../src/api/failures.ts'
import type { UnreachableStore } from '../../../src/reads/answering.ts'
import { useApi } from '../api/use-api.ts'
import { usePage } from '../api/use-page.ts'
import { atLeast, count, named } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from '../parts/action.tsx'
import { Found } from '../parts/found.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { Table } from '../parts/table.tsx'
import { BulkActions } from './bulk-actions.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

export interface FailureSearch {
  readonly subscription?: string
  readonly fingerprint?: string
  readonly state?: string
  readonly before?: string
}

export function parseFailureSearch(search: Readonly<Record<string, unknown>>): FailureSearch {
  const keys = ['subscription', 'fingerprint', 'state', 'before'] as const
  return Object.fromEntries(
    keys.flatMap((key) => (typeof search[key] === 'string' && search[key] !== '' ? [[key, search[key]]] : [])),
  )
}

export function FailuresPage(): ReactNode {
  const { t } = useLanguage()
  const search = useSearch({ from: '/failures' })
  const isOne = search.fingerprint !== undefined || search.subscription !== undefined
  return (
    <>
      <h1>{t.nav.failures}</h1>
      <BulkActions />
      {isOne ? <OneByOne search={search} /> : <Groups />}
    </>
  )
}

interface GroupsReply {
  readonly groups: readonly FailureGroupRow[]
  readonly unreachable: readonly UnreachableStore[]
}

function Groups(): ReactNode {
  const { t, language } = useLanguage()
  const groups = useApi<GroupsReply>('failures/groups')
  const blocked = useApi<{ readonly rows: readonly BlockedRow[] }>('failures/blocked')
  return (
    <>
      <Loaded query={groups}>
        {({ groups: rows, unreachable }) =>
          rows.length === 0 && unreachable.length > 0 ? null : rows.length === 0 ? (
            <div className="verdict empty">
              <p>{t.failures.groupsEmpty}</p>
            </div>
          ) : (
            <Table
              label={t.failures.groups}
              rows={rows}
              keyOf={({ store, subscription, fingerprint }) => `${store} ${subscription} ${fingerprint}`}
              columns={[
                {
                  heading: t.failures.newest,
                  isWide: true,
                  cell: ({ type, message, subscription, fingerprint }) => (
                    <Link to="/failures" search={{ subscription, fingerprint }}>
                      {type}: {message}
                    </Link>
                  ),
                },
                {
                  heading: t.fields.subscription,
                  cell: ({ subscription }) => <SubscriptionLink name={subscription} />,
                },
                {
                  heading: t.overview.columns.parked,
                  cell: ({ parked, isExact }) => atLeast(parked, isExact, language),
                  isNumber: true,
                },
                {
                  heading: t.overview.columns.retrying,
                  cell: ({ retrying, isExact }) => atLeast(retrying, isExact, language),
                  isNumber: true,
                },
                { heading: t.failures.trend, cell: (group) => <Trend group={group} /> },
                { heading: t.fields.first, cell: ({ firstFailedAt }) => <Moment iso={firstFailedAt} /> },
                { heading: t.fields.last, cell: ({ lastFailedAt }) => <Moment iso={lastFailedAt} /> },
                { heading: t.failures.retry, cell: (group) => <GroupActions group={group} /> },
              ]}
            />
          )
        }
      </Loaded>
      <Loaded query={blocked} isPart>
        {({ rows }) => (rows.length === 0 ? null : <Blocked rows={rows} />)}
      </Loaded>
    </>
  )
}

const TREND_EVERY_MS = 30_000

/** Read beside the groups: they stand there without it. */
function Trend({ group: { store, subscription, fingerprint } }: { readonly group: FailureGroupRow }): ReactNode {
  const { t, language } = useLanguage()
  const { data } = useApi<TrendsReply>('failures/trends', {}, TREND_EVERY_MS)
  if (data === undefined || data.unreachable.some((each) => each.store === store)) return null
  const own = data.trends.find(
    (each) => each.store === store && each.subscription === subscription && each.fingerprint === fingerprint,
  )
  if (own === undefined) return <span className="hint">{t.failures.trendNone}</span>
  const known = own.counts.filter((each) => each !== null)
  const total = known.reduce((sum, each) => sum + each, 0)
  const label = t.failures.trendOf(
    ...([count(total, language), count(known.length, language), count(known.at(-1) ?? 0, language)] as const),
  )
  return <Sparkline counts={own.counts} label={label} />
}

function GroupActions({ group }: { readonly group: FailureGroupRow }): ReactNode {
  const { t, language } = useLanguage()
  const { store, subscription, fingerprint, parked, retrying, isExact } = group
  const body = { store, subscription, fingerprint }
  const all = atLeast(parked + retrying, isExact, language)
  return (
    <span className="buttons">
      <Action label={t.failures.retry} path="failures/retry" body={body} sure={t.failures.retrySure(all)} />
      <Action
        label={t.failures.discard}
        path="failures/discard"
        body={body}
        sure={t.failures.discardSure(all)}
        isDangerous
      />
    </span>
  )
}

function OneByOne({ search }: { readonly search: FailureSearch }): ReactNode {
  const { t, language } = useLanguage()
  const found = usePage<FailureRow>('failures', { ...search })
  return (
    <>
      <nav className="buttons" aria-label={t.failures.groups}>
        <Link to="/failures" search={{}} className="button">
          {t.failures.groups}
        </Link>
      </nav>
      <Found search={found}>
        {({ rows, next }) => (
          <>
            <Table
              label={t.failures.one}
              rows={rows}
              keyOf={({ store, subscription, id }) => `${store} ${subscription} ${id}`}
              columns={[
                {
                  heading: t.fields.event,
                  cell: ({ name, subscription, id }) => (
                    <Link to="/failures/$subscription/$id" params={{ subscription, id }}>
                      {name}
                    </Link>
                  ),
                },
                { heading: t.fields.entity, cell: ({ entityId }) => entityId },
                { heading: t.fields.state, cell: ({ state }) => named(t.messageStates, state) },
                { heading: t.fields.attempts, cell: ({ attempts }) => count(attempts, language), isNumber: true },
                { heading: t.fields.last, cell: ({ lastFailedAt }) => <Moment iso={lastFailedAt} /> },
                { heading: t.fields.due, cell: ({ dueAt }) => <Moment iso={dueAt} /> },
                { heading: t.fields.error, cell: ({ type, message }) => `${type}: ${message}`, isWide: true },
              ]}
            />
            {next === null ? null : (
              <nav className="buttons" aria-label={t.list.older}>
                <Link to="/failures" search={{ ...search, before: next }} className="button">
                  {t.list.older}
                </Link>
              </nav>
            )}
          </>
        )}
      </Found>
    </>
  )
}

function Blocked({ rows }: { readonly rows: readonly BlockedRow[] }): ReactNode {
  const { t, language } = useLanguage()
  const blockerOf = ({ subscription, blocker }: BlockedRow): ReactNode =>
    blocker.id === null ? (
      blocker.sequence === null ? (
        t.list.none
      ) : (
        t.failures.absent(count(blocker.sequence, language))
      )
    ) : (
      <Link to="/failures/$subscription/$id" params={{ subscription, id: blocker.id }}>
        {blocker.name}: {blocker.error}
      </Link>
    )
  return (
    <section>
      <h2>{t.failures.blocked}</h2>
      <p className="hint">{t.failures.blockedHint}</p>
      <Table
        label={t.failures.blocked}
        rows={rows}
        keyOf={({ subscription, entity, entityId }) => `${subscription} ${entity} ${entityId}`}
        columns={[
          { heading: t.fields.entity, cell: ({ entity, entityId }) => `${entity} ${entityId}` },
          { heading: t.fields.subscription, cell: ({ subscription }) => <SubscriptionLink name={subscription} /> },
          { heading: t.fields.waiting, cell: ({ waiting }) => count(waiting, language), isNumber: true },
          { heading: t.fields.since, cell: ({ since }) => <Moment iso={since} /> },
          { heading: t.fields.blockedBy, cell: blockerOf, isWide: true },
        ]}
      />
    </section>
  )
}
