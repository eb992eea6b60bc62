import { Link, useNavigate, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { WatchDeliveriesRow, WatchRow } from '../../../src/reads/watches.ts'
import { useApi } from '../api/use-api.ts'
import { count, duration } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { Action } from '../parts/action.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Moment } from '../parts/moment.tsx'
import { Properties } from '../parts/properties.tsx'
import { Table } from '../parts/table.tsx'
import { alarmText, WatchState } from '../parts/watch-state.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

const REFRESH_MS = 2_000

/** One watch: what became of its events at each subscription. */
export function WatchPage(): ReactNode {
  const { t } = useLanguage()
  const { name } = useParams({ from: '/watches/$name' })
  const query = useApi<WatchRow>(`watches/${encodeURIComponent(name)}`, {}, REFRESH_MS)
  return (
    <>
      <h1>{name}</h1>
      <p>
        <Link to="/watches" search={{}}>
          {t.watch.all}
        </Link>
      </p>
      <Loaded query={query}>{(watch) => <Content watch={watch} />}</Loaded>
    </>
  )
}

function Content({ watch }: { readonly watch: WatchRow }): ReactNode {
  const { t, language } = useLanguage()
  const navigate = useNavigate()
  const number = (value: number): string => count(value, language)
  const { name, patterns, entityIds, from, to, phase, compensation, counted, isCut, subscriptions } = watch
  const alarm = alarmText(watch, t, language)
  return (
    <>
      <div className={`verdict ${alarm === '' ? (phase === 'upcoming' ? 'empty' : 'good') : 'bad'}`}>
        <p data-testid="watch-state">
          <WatchState watch={watch} /> {alarm}
        </p>
        {counted === 1 ? null : <p className="hint">{t.watch.counting(`${Math.floor(counted * 100)} %`)}</p>}
        {isCut ? <p className="hint">{t.watch.cut}</p> : null}
      </div>
      <Properties
        of={[
          [t.watch.published, number(watch.published)],
          [t.watch.sent, number(watch.sent)],
          [t.watch.phase, <Period key="period" watch={watch} />],
          [t.fields.patterns, patterns.join(' ')],
          [t.watch.entities, entityIds.length === 0 ? t.watch.everyEntity : entityIds.join(' ')],
          [t.watch.thresholds, <Thresholds key="thresholds" watch={watch} />],
          [t.watch.compensation, t.watch.compensations[compensation ?? 'service']],
          [
            t.watch.changed,
            <span key="changed">
              <Moment iso={watch.changedAt} /> {t.watch.by(watch.changedBy)}
            </span>,
          ],
          [t.fields.store, watch.stores.join(', ')],
        ]}
      />
      <section>
        <h2>{t.overview.subscriptions}</h2>
        {subscriptions.length === 0 ? <p className="hint">{t.watch.none}</p> : <Deliveries rows={subscriptions} />}
      </section>
      <div className="buttons">
        <Link to="/watches" search={{ edit: name }}>
          {t.watch.edit}
        </Link>
        <Action
          label={t.watch.remove}
          path={`watches/${encodeURIComponent(name)}/remove`}
          sure={t.watch.removeSure(name)}
          isDangerous
          onDone={() => void navigate({ to: '/watches', search: {} })}
        />
      </div>
    </>
  )

  function Period({ watch: { phase: when } }: { readonly watch: WatchRow }): ReactNode {
    return (
      <>
        {t.watch.phases[when]}: {from === null && to === null ? t.watch.always : null}
        {from === null ? null : <Moment iso={from} />}
        {from === null && to === null ? null : ' – '}
        {to === null ? from === null ? null : t.watch.open : <Moment iso={to} />}
      </>
    )
  }
}

function Thresholds({ watch: { alarm } }: { readonly watch: WatchRow }): ReactNode {
  const { t, language } = useLanguage()
  const { maxMissing, maxParked, maxUnhandledMs } = alarm
  const texts = [
    ...(maxMissing === null ? [] : [t.watch.more.missing(count(maxMissing, language))]),
    ...(maxParked === null ? [] : [t.watch.more.parked(count(maxParked, language))]),
    ...(maxUnhandledMs === null ? [] : [t.watch.more.unhandled(duration(maxUnhandledMs))]),
  ]
  return texts.length === 0 ? t.watch.more.none : texts.join('; ')
}

function Deliveries({ rows }: { readonly rows: readonly WatchDeliveriesRow[] }): ReactNode {
  const { t, language } = useLanguage()
  const number = (heading: string, value: (row: WatchDeliveriesRow) => number | null) => ({
    heading,
    isNumber: true,
    cell: (row: WatchDeliveriesRow) => {
      const known = value(row)
      return known === null ? t.watch.notLookedAt : count(known, language)
    },
  })
  return (
    <Table
      label={t.overview.subscriptions}
      rows={rows}
      keyOf={({ subscription }) => subscription}
      columns={[
        { heading: t.fields.subscription, cell: ({ subscription }) => <SubscriptionLink name={subscription} /> },
        number(t.watch.expected, ({ expected }) => expected),
        {
          ...number(t.watch.received, ({ received }) => received),
          cell: ({ received, source }) =>
            source === 'inbox' ? count(received, language) : `${count(received, language)} (${t.watch.byProof})`,
        },
        number(t.watch.handled, ({ handled }) => handled),
        number(t.watch.waiting, ({ waiting }) => waiting),
        number(t.watch.retrying, ({ retrying }) => retrying),
        number(t.watch.parked, ({ parked }) => parked),
        number(t.watch.discarded, ({ discarded }) => discarded),
        number(t.watch.missing, ({ missing }) => missing),
        { heading: t.watch.oldest, cell: ({ oldestUnhandledAt }) => <Moment iso={oldestUnhandledAt} /> },
        { heading: t.overview.columns.service, cell: ({ service }) => service },
      ]}
    />
  )
}
