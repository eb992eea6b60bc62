import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Overview, OverviewPublisher, OverviewSubscription } from '../../../src/reads/overview.ts'
import { useLiveOverview } from '../api/live.ts'
import { count, moment } from '../i18n/format.ts'
import { useLanguage } from '../i18n/language.tsx'
import { CompensationForm } from '../parts/compensation-form.tsx'
import { CompensationTable } from '../parts/compensation-table.tsx'
import { Moment } from '../parts/moment.tsx'
import { OverviewCharts } from './overview-charts.tsx'
import { StoresAway } from '../parts/stores-away.tsx'
import { SubscriptionTable } from '../parts/subscription-table.tsx'
import { Table } from '../parts/table.tsx'
import { alarmText } from '../parts/watch-state.tsx'
import { WatchTable } from '../parts/watch-table.tsx'
import { SubscriptionLink } from './subscriptions.tsx'

/** Is everything delivered? One sentence says it, then what is not. */
export function OverviewPage(): ReactNode {
  const { t } = useLanguage()
  const { overview, isConnected } = useLiveOverview()
  return (
    <>
      <div className="heading">
        <h1>{t.nav.overview}</h1>
        <span className={isConnected ? 'live' : 'live lost'} role="status">
          {isConnected ? t.live.connected : t.live.lost}
        </span>
      </div>
      {isConnected ? null : (
        <p role="alert" className="note bad">
          {t.errors.unreachable}
        </p>
      )}
      {overview === null ? <p aria-busy="true" className="waiting" /> : <Content overview={overview} />}
    </>
  )
}

function Content({ overview }: { readonly overview: Overview }): ReactNode {
  const { t } = useLanguage()
  const { subscriptions, publishers, unreachable } = overview
  return (
    <>
      <StoresAway of={unreachable} />
      <Verdict overview={overview} />
      <Counts overview={overview} />
      <Watches watches={overview.watches} />
      <OverviewCharts />
      {subscriptions.length === 0 ? null : (
        <section>
          <h2>{t.overview.subscriptions}</h2>
          <SubscriptionTable subscriptions={subscriptions} />
        </section>
      )}
      {publishers.length === 0 ? null : (
        <>
          <Compensation overview={overview} />
          <section>
            <h2>{t.overview.publishers}</h2>
            <PublisherTable publishers={publishers} />
          </section>
        </>
      )}
    </>
  )
}

/** Of each publisher, and of subscriptions of which there is something to see that is not so for all. */
function Compensation({ overview: { publishers, subscriptions } }: { readonly overview: Overview }): ReactNode {
  const { t } = useLanguage()
  const texts = t.compensation
  const isOfItsOwn = ({ state, breaker, order, compensation }: OverviewSubscription): boolean =>
    state !== 'retired' &&
    (breaker !== null || order !== null || compensation.set !== null || compensation.resentLastHour > 0)
  return (
    <section>
      <h2>{texts.heading}</h2>
      <p className="hint">{texts.overviewHint}</p>
      <CompensationTable
        rows={publishers.flatMap(({ store, service, compensation }) => [
          { ...{ key: store, name: texts.all(service), store, compensation, subscription: null } },
          ...subscriptions
            .filter((each) => each.store === store && isOfItsOwn(each))
            .map((each) => ({
              key: `${store} ${each.subscription}`,
              name: <SubscriptionLink name={each.subscription} />,
              ...{ store, compensation: each.compensation, subscription: each },
            })),
        ])}
      />
      {publishers.map(({ store, service, compensation }) => (
        <CompensationForm key={store} {...{ path: 'compensation', store, where: texts.all(service), compensation }} />
      ))}
    </section>
  )
}

function Watches({ watches }: { readonly watches: Overview['watches'] }): ReactNode {
  const { t } = useLanguage()
  return (
    <section>
      <h2>{t.watch.heading}</h2>
      {watches.length === 0 ? <p className="hint">{t.watch.empty}</p> : <WatchTable watches={watches} />}
      <p>
        <Link to="/watches" search={{}}>
          {t.watch.manage}
        </Link>
      </p>
    </section>
  )
}

function Verdict({ overview }: { readonly overview: Overview }): ReactNode {
  const { t, language } = useLanguage()
  const { isWell, deliveries, provenSubscriptions, provableSubscriptions, provenThrough, periodMs, subscriptions } =
    overview
  const number = (value: number): string => count(value, language)
  const lagging = namesOf(subscriptions.filter(({ state }) => state === 'lagging'))
  const paused = namesOf(subscriptions.filter(({ state }) => state === 'paused'))
  if (subscriptions.length === 0) {
    return (
      <div className="verdict empty">
        <p>{t.overview.nothing}</p>
        <p className="hint">{t.overview.nothingHint}</p>
      </div>
    )
  }
  if (isWell) {
    return (
      <div className="verdict good">
        <p data-testid="verdict">
          {t.overview.allProven(
            number(deliveries),
            t.period(Math.round(periodMs / 86_400_000)),
            number(provenSubscriptions),
            number(provableSubscriptions),
            provenThrough === null ? '–' : moment(provenThrough, language),
          )}
        </p>
        {lagging === '' ? null : <p className="hint">{t.overview.lagging(lagging)}</p>}
        {paused === '' ? null : <p className="hint">{t.overview.paused(paused)}</p>}
      </div>
    )
  }
  return (
    <div className="verdict bad">
      <p data-testid="verdict">{t.overview.notAll}</p>
      <ul>
        {troublesOf(overview).map((trouble) => (
          <li key={trouble}>{trouble}</li>
        ))}
      </ul>
      {paused === '' ? null : <p className="hint">{t.overview.paused(paused)}</p>}
    </div>
  )

  function troublesOf({ publishers, watches }: Overview): readonly string[] {
    const has = (problem: OverviewSubscription['problems'][number]): readonly OverviewSubscription[] =>
      subscriptions.filter(({ problems }) => problems.includes(problem))
    const sum = (which: readonly OverviewSubscription[], key: 'missing' | 'ghosts'): string =>
      number(which.reduce((total, each) => total + each[key], 0))
    const [missing, ghosts, silent, broken] = [has('missing'), has('ghosts'), has('silent'), has('breaker-open')]
    const { problems } = t.overview
    return [
      ...publishers.filter(({ isReconciling }) => !isReconciling).map(({ service }) => problems.nobody(service)),
      ...(missing.length === 0 ? [] : [problems.missing(sum(missing, 'missing'), namesOf(missing))]),
      ...(ghosts.length === 0 ? [] : [problems.ghosts(sum(ghosts, 'ghosts'), namesOf(ghosts))]),
      ...(silent.length === 0 ? [] : [problems.silent(namesOf(silent))]),
      ...(broken.length === 0 ? [] : [problems.breaker(namesOf(broken))]),
      ...watches
        .filter(({ alarms }) => alarms.length > 0)
        .map((watch) => t.watch.trouble(watch.name, alarmText(watch, t, language))),
    ]
  }
}

function namesOf(which: readonly OverviewSubscription[]): string {
  return which.map(({ subscription }) => subscription).join(', ')
}

function Counts({ overview }: { readonly overview: Overview }): ReactNode {
  const { t, language } = useLanguage()
  const { subscriptions, publishers } = overview
  const of = (key: 'missing' | 'ghosts'): number => subscriptions.reduce((total, each) => total + each[key], 0)
  // Each publisher is told what fails at a subscription, whoever's events these are.
  const once = (key: 'retrying' | 'parked'): number => {
    const most = new Map<string, number>()
    for (const { subscription, [key]: value } of subscriptions)
      most.set(subscription, Math.max(value, most.get(subscription) ?? 0))
    return [...most.values()].reduce((total, value) => total + value, 0)
  }
  const counts = [
    { label: t.overview.counts.missing, value: of('missing'), isBad: true },
    { label: t.overview.counts.parked, value: once('parked'), isBad: true },
    { label: t.overview.counts.retrying, value: once('retrying'), isBad: false },
    { label: t.overview.counts.ghosts, value: of('ghosts'), isBad: true },
    {
      label: t.overview.counts.unroutable,
      value: publishers.reduce((sum, each) => sum + each.unroutable, 0),
      isBad: true,
    },
    { label: t.overview.counts.waiting, value: publishers.reduce((sum, each) => sum + each.pending, 0), isBad: false },
  ]
  return (
    <dl className="counts" aria-label={t.overview.counts.label}>
      {counts.map(({ label, value, isBad }) => (
        <div key={label} className={isBad && value > 0 ? 'bad' : ''}>
          <dt>{label}</dt>
          <dd>{count(value, language)}</dd>
        </div>
      ))}
    </dl>
  )
}

function PublisherTable({ publishers }: { readonly publishers: readonly OverviewPublisher[] }): ReactNode {
  const { t, language } = useLanguage()
  const { columns } = t.overview
  return (
    <Table
      label={t.overview.publishers}
      rows={publishers}
      keyOf={({ store }) => store}
      columns={[
        { heading: columns.service, cell: ({ service }) => service },
        { heading: columns.reconciles, cell: ({ isReconciling }) => (isReconciling ? t.overview.yes : t.overview.no) },
        { heading: columns.waiting, cell: ({ pending }) => count(pending, language), isNumber: true },
        {
          heading: columns.unroutable,
          cell: ({ unroutable, unpublishable }) => count(unroutable + unpublishable, language),
          isNumber: true,
        },
        { heading: columns.oldest, cell: ({ oldestPendingAt }) => <Moment iso={oldestPendingAt} /> },
      ]}
    />
  )
}
