import type { NamedStore, Publisher, WatchedSubscription } from '@warren/bus/operate'
import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import { exitCodes } from '../../exit-codes.ts'
import { periodOption, storeOption } from '../../options.ts'
import type { Period } from '../../options.ts'
import { visible } from '../../output.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { emphasised, table } from '../../table.ts'
import { showDuration, showTime } from '../../times.ts'
import { compensationDocument, inShort, orderDocument } from './compensation-words.ts'
import { needPublishers } from './publishers.ts'
import { inWords, summaryOf } from './words.ts'

interface StatusOptions extends StoreOptions {
  readonly watch?: true
  readonly last: Period
}

const WATCH_INTERVAL_MS = 1_000

export function addReconcileStatus(parent: Command): void {
  parent
    .command('status')
    .summary('how far it is proven that every event reached every subscription')
    .description(
      'Says for each store that publishes, and each subscription that it knows, how far delivery is proven and what is not well. Exits 2 when events are missing, a subscription is silent, has ghosts or an open breaker, or nobody reconciles; lag and a pause are none of that.',
    )
    .option('-w, --watch', 'shows it again every second, until Ctrl-C')
    .addOption(
      periodOption('--last <period>', 'count the deliveries of the last: 90s, 30m, 2h, 7d').default(defaultPeriod),
    )
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren reconcile status\n  $ warren reconcile status --store orders --watch',
    )
    .action(status)
}

const defaultPeriod: Period = { text: '7d', ms: 7 * 86_400_000 }

async function status(options: StatusOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { output } = session
  if (options.watch === true && output.isJson)
    throw new CliError('USAGE_INVALID', '--json is one document; leave out --watch, or run it again and again')
  await withStores(session, options, async (stores) => {
    if (options.watch === true) return watch(stores, options)
    const publishers = await needPublishers(stores, Date.now() - options.last.ms)
    const summary = summaryOf(publishers, options.last.text)
    output.result({ isWell: summary.isWell, summary: summary.text, publishers: publishers.map(documentOf) }, () =>
      screen(publishers, summary.text),
    )
    if (!summary.isWell) process.exitCode = exitCodes.findings
  })
}

/** Draws anew on a terminal; elsewhere adds what has changed. Ends with the process. */
async function watch(stores: readonly NamedStore[], { last }: StatusOptions): Promise<never> {
  let before = ''
  for (;;) {
    const publishers = await needPublishers(stores, Date.now() - last.ms)
    const text = screen(publishers, summaryOf(publishers, last.text).text)
    if (process.stdout.isTTY) process.stdout.write(`\x1b[H\x1b[J${text}\n`)
    else if (text !== before) process.stdout.write(`${text}\n\n`)
    before = text
    await pause(WATCH_INTERVAL_MS)
  }
}

function screen(publishers: readonly Publisher[], summary: string): string {
  const rows = publishers.flatMap((publisher) => publisher.subscriptions.map((watched) => ({ publisher, ...watched })))
  const columns = publishers.length > 1 ? [...cells, storeCell] : cells
  return [emphasised(visible(summary)), ...(rows.length === 0 ? [] : ['', table(columns, rows)])].join('\n')
}

interface Row extends WatchedSubscription {
  readonly publisher: Publisher
}

const cells: readonly Column<Row>[] = [
  { heading: 'subscription', cell: ({ subscription }) => subscription.name },
  { heading: 'state', cell: ({ publisher, ...watched }) => inWords(watched, publisher.nowMs) },
  { heading: 'proven through', cell: ({ proof, status: { state } }) => provenThrough(state, proof.throughMs) },
  { heading: 'round trip', cell: ({ proof }) => (proof.roundTripMs === null ? '' : showDuration(proof.roundTripMs)) },
  { heading: 'deliveries', cell: (row) => row.compared, align: 'right' },
  { heading: 'retrying', cell: ({ proof }) => proof.retrying, align: 'right' },
  { heading: 'parked', cell: ({ proof }) => proof.parked, align: 'right' },
  { heading: 'missing', cell: (row) => row.status.missing, align: 'right' },
  { heading: 'compensation', cell: inShort },
  { heading: 'service', cell: ({ subscription }) => subscription.service },
]

const storeCell: Column<Row> = { heading: 'store', cell: ({ publisher }) => publisher.label }

function provenThrough(state: WatchedSubscription['status']['state'], throughMs: number): string {
  return state === 'unproven' ? '' : showTime(new Date(throughMs))
}

/** Times in ISO 8601, as everywhere in documents. */
function documentOf({ label, service, nowMs, isReconciling, unsent, compensation, subscriptions }: Publisher): unknown {
  const time = (timeMs: number | null): string | null => (timeMs === null ? null : new Date(timeMs).toISOString())
  return {
    store: label,
    service,
    at: time(nowMs),
    isReconciling,
    unsent,
    compensation: compensationDocument(compensation),
    subscriptions: subscriptions.map(
      ({ subscription, proof, status: { state, sinceMs, missing, problems }, compared, compensation: own }) => ({
        subscription: subscription.name,
        service: subscription.service,
        queue: subscription.queue,
        state,
        since: time(sinceMs),
        problems,
        provenThrough: state === 'unproven' ? null : time(proof.throughMs),
        deliveries: compared,
        waitingSince: time(proof.waitingSinceMs),
        answeredAt: time(proof.answered?.atMs ?? null),
        roundTripMs: proof.roundTripMs,
        lastSeenAt: time(subscription.lastSeenMs),
        retrying: proof.retrying,
        parked: proof.parked,
        missing,
        suspected: proof.counts.suspect,
        recovered: proof.counts.recovered,
        waived: proof.counts.waived,
        ghosts: proof.ghosts,
        openMinutes: proof.openMinutes,
        breaker:
          proof.breaker === null
            ? null
            : { openedAt: time(proof.breaker.openedMs), cause: proof.breaker.cause, reason: proof.breaker.reason },
        order: orderDocument(proof),
        compensation: compensationDocument(own),
        paused:
          subscription.paused === null ? null : { at: time(subscription.paused.atMs), by: subscription.paused.by },
        retired:
          subscription.retired === null ? null : { at: time(subscription.retired.atMs), by: subscription.retired.by },
      }),
    ),
  }
}
