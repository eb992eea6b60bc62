import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import type { ReactNode, SubmitEvent } from 'react'
import type { BackfillOfferReply, BackfillRow } from '../../../src/api/backfills.ts'
import { get } from '../api/client.ts'
import { useSession } from '../api/session.tsx'
import { useApi } from '../api/use-api.ts'
import { count, duration, moment } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from '../parts/action.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { isoOfLocal, localTime } from '../parts/local-time.ts'
import { parseRangeSearch } from '../parts/range-choice.tsx'
import { Table } from '../parts/table.tsx'

/** What the address says of a backfill that is thought of. Times in ISO 8601. */
export interface BackfillSearch {
  readonly since?: string
  readonly until?: string
  readonly patterns?: string
  readonly rate?: string
}

export function parseBackfillSearch(search: Readonly<Record<string, unknown>>): BackfillSearch {
  const isTime = (text: string): boolean => !Number.isNaN(Date.parse(text))
  const found = (['since', 'until', 'patterns', 'rate'] as const).flatMap((key) => {
    const value = search[key]
    const text = typeof value === 'number' ? String(value) : value
    if (typeof text !== 'string' || text === '') return []
    return (key === 'since' || key === 'until') && !isTime(text) ? [] : [[key, text]]
  })
  return Object.fromEntries(found) as BackfillSearch
}

export function Backfills({ name, search }: { readonly name: string; readonly search: BackfillSearch }): ReactNode {
  const { t } = useLanguage()
  const { session } = useSession()
  const isOperator = session?.user?.role === 'operator'
  return (
    <section>
      <h2>{t.backfill.heading}</h2>
      <p className="hint">{isOperator ? t.backfill.hint : t.actions.needsOperator}</p>
      {isOperator ? <Question key={JSON.stringify(search)} name={name} search={search} /> : null}
      {isOperator && search.since !== undefined ? <Offer name={name} search={search} /> : null}
      <Running name={name} />
    </section>
  )
}

/** Puts a backfill into the address, and leaves alone what else is in it. */
function useAsk(name: string): (asked: BackfillSearch) => void {
  const navigate = useNavigate()
  return (asked) =>
    void navigate({
      ...{ to: '/subscriptions/$name', params: { name } },
      search: (others: object) => ({ ...parseRangeSearch({ ...others }), ...asked }),
      resetScroll: false,
    })
}

function Question({ name, search }: { readonly name: string; readonly search: BackfillSearch }): ReactNode {
  const { t } = useLanguage()
  const ask = useAsk(name)
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const { since, until, ...fields } = Object.fromEntries(new FormData(event.currentTarget))
    const asked = parseBackfillSearch({ ...fields, since: isoOfLocal(since), until: isoOfLocal(until) })
    ask(asked)
  }
  return (
    <form className="filters" onSubmit={submit}>
      <label>
        {t.backfill.since}
        <input type="datetime-local" name="since" required defaultValue={localTime(search.since)} />
      </label>
      <label>
        {t.backfill.until}
        <input type="datetime-local" name="until" defaultValue={localTime(search.until)} />
      </label>
      <label>
        {t.fields.patterns}
        <input
          name="patterns"
          placeholder="#.payment.*"
          title={t.backfill.patternsHint}
          defaultValue={search.patterns}
        />
      </label>
      <label>
        {t.backfill.rate}
        <input type="number" name="rate" min="0.1" step="any" placeholder="200" defaultValue={search.rate} />
      </label>
      <button type="submit" className="primary">
        {t.backfill.count}
      </button>
    </form>
  )
}

/** Counted once: what is begun is what was counted. */
function Offer({ name, search }: { readonly name: string; readonly search: BackfillSearch }): ReactNode {
  const { t, language } = useLanguage()
  const ask = useAsk(name)
  const path = `subscriptions/${encodeURIComponent(name)}/backfills`
  const address = `${path}/offer?${new URLSearchParams({ ...search }).toString()}`
  const query = useQuery({
    queryKey: [address],
    queryFn: () => get<BackfillOfferReply>(address),
    retry: false,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  })
  const clear = (): void => {
    ask({})
  }
  return (
    <Loaded query={query}>
      {({ since, until, events, total, leastMs, isBeyondInbox }) => (
        <div className="offer">
          <p data-testid="offer">
            {total === 0
              ? t.backfill.none
              : t.backfill.offer(
                  count(total, language),
                  moment(since, language),
                  moment(until, language),
                  duration(leastMs),
                )}
          </p>
          {isBeyondInbox ? <p className="note pending">{t.backfill.beyondInbox}</p> : null}
          {events.length === 0 ? null : (
            <Table
              label={t.fields.event}
              rows={events}
              keyOf={({ store, name: event }) => `${store} ${event}`}
              columns={[
                { heading: t.fields.event, cell: (row) => row.name },
                { heading: t.backfill.events, cell: (row) => count(row.count, language), isNumber: true },
                { heading: t.fields.store, cell: (row) => row.store },
              ]}
            />
          )}
          <div className="buttons">
            {total === 0 ? null : (
              <Action
                label={t.backfill.begin}
                path={path}
                body={{
                  ...{ since, until },
                  patterns: (search.patterns ?? '').split(/\s+/).filter((each) => each !== ''),
                  ...(search.rate === undefined ? {} : { rate: Number(search.rate) }),
                }}
                sure={t.backfill.sure(count(total, language), name)}
                onDone={clear}
              />
            )}
            <button type="button" onClick={clear}>
              {t.actions.cancel}
            </button>
          </div>
        </div>
      )}
    </Loaded>
  )
}

function Running({ name }: { readonly name: string }): ReactNode {
  const { t, language } = useLanguage()
  const query = useApi<{ readonly rows: readonly BackfillRow[] }>(`subscriptions/${encodeURIComponent(name)}/backfills`)
  const left = ({ heldBy, remainingMs }: BackfillRow): string =>
    heldBy !== null ? t.backfill.holds[heldBy] : remainingMs === null ? '' : duration(remainingMs)
  return (
    <Loaded query={query} isPart>
      {({ rows }) =>
        rows.length === 0 ? (
          <p className="hint">{t.backfill.empty}</p>
        ) : (
          <Table
            label={t.backfill.heading}
            rows={rows}
            keyOf={({ id }) => id}
            columns={[
              { heading: t.backfill.requested, cell: ({ requestedAt }) => <Moment iso={requestedAt} /> },
              { heading: t.fields.state, cell: ({ state }) => t.backfill.states[state] },
              { heading: t.backfill.progress, cell: (row) => <Progress backfill={row} /> },
              { heading: t.activity.what, cell: (row) => <Steering backfill={row} /> },
              {
                heading: t.backfill.pace,
                isNumber: true,
                cell: ({ state, pace }) =>
                  state !== 'running' || pace === null ? '' : count(Math.round(pace), language),
              },
              { heading: t.backfill.left, cell: left },
              { heading: t.fields.from, cell: ({ since }) => <Moment iso={since} /> },
              { heading: t.fields.to, cell: ({ until }) => <Moment iso={until} /> },
              { heading: t.fields.patterns, cell: ({ patterns }) => patterns.join(' '), isWide: true },
              { heading: t.activity.who, cell: ({ requestedBy }) => requestedBy },
              { heading: t.fields.error, cell: ({ error }) => error ?? '', isWide: true },
            ]}
          />
        )
      }
    </Loaded>
  )
}

function Progress({ backfill: { sent, total } }: { readonly backfill: BackfillRow }): ReactNode {
  const { t, language } = useLanguage()
  const text = total === null ? t.backfill.uncounted : t.backfill.sent(count(sent, language), count(total, language))
  return (
    <span className="progress">
      {total === null ? null : <progress value={Math.min(sent, total)} max={Math.max(1, total)} aria-label={text} />}
      {text}
    </span>
  )
}

function Steering({ backfill: { id, state, sent, total } }: { readonly backfill: BackfillRow }): ReactNode {
  const { t, language } = useLanguage()
  if (state === 'done' || state === 'cancelled') return null
  const left = count(Math.max(0, (total ?? sent) - sent), language)
  return (
    <span className="buttons">
      {state === 'running' ? (
        <Action label={t.subscription.pause} path={`backfills/${id}/pause`} />
      ) : (
        <Action label={t.subscription.resume} path={`backfills/${id}/resume`} />
      )}
      <Action
        label={t.backfill.cancel}
        path={`backfills/${id}/cancel`}
        sure={t.backfill.cancelSure(left)}
        isDangerous
      />
    </span>
  )
}
