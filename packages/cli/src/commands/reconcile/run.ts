import type { Publisher } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Option } from 'commander'
import { CliError } from '../../errors.ts'
import { exitCodes } from '../../exit-codes.ts'
import { storeOption, wholeFromOne } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import { showDuration, showTime } from '../../times.ts'
import { awaitRun } from './await-run.ts'
import type { RunOutcome } from './await-run.ts'
import { needSubscription, needPublishers } from './publishers.ts'
import { inWords } from './words.ts'

interface RunOptions extends StoreOptions {
  readonly timeout: number
}

export function addReconcileRun(parent: Command): void {
  parent
    .command('run')
    .summary('ask the subscriptions now, and wait for what they say')
    .description(
      'Asks the reconciler of each service that publishes to send barriers now, and waits until their answers are compared. What is suspected is confirmed by a later barrier, when a handler could have ended. Exits 2 when something is missing or not answered in time.',
    )
    .argument('[name]', 'of this subscription alone')
    .addOption(new Option('--timeout <seconds>', 'wait at most so long').argParser(wholeFromOne).default(30))
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren reconcile run order.crm --timeout 60')
    .action(run)
}

async function run(name: string | undefined, options: RunOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const all = await needPublishers(stores)
    if (name !== undefined) await needSubscription(all, name)
    const publishers = all.filter((publisher) => targetsOf(publisher, name).length > 0)
    if (publishers.length === 0)
      throw new CliError(
        'USAGE_INVALID',
        `${name ?? 'no subscription'} can be asked: it is retired or paused, or keeps no inbox`,
      )
    for (const publisher of publishers) if (!publisher.isReconciling) throw notRunning(publisher)

    const outcomes = await Promise.all(
      publishers.map((publisher) =>
        awaitRun(publisher.store.reconciliation.proof, targetsOf(publisher, name), {
          ask: name ?? null,
          timeoutMs: options.timeout * 1_000,
          onAsked: (subscription) => session.output.note(`${subscription}: asked`),
          onCompared: (subscription, proof) =>
            session.output.note(
              `${subscription}: answered in ${showDuration(proof.roundTripMs ?? 0)}, proven through ${showTime(new Date(proof.throughMs))}`,
            ),
        }),
      ),
    )
    for (const [index, outcome] of outcomes.entries()) {
      const publisher = publishers[index]
      if (publisher !== undefined && outcome.every(({ kind }) => kind === 'not-taken')) throw notRunning(publisher)
    }
    const after = await needPublishers(publishers)
    const rows = after.flatMap(({ label, nowMs, subscriptions }, index) =>
      subscriptions.flatMap((watched) => {
        const outcome = outcomes[index]?.find(({ subscription }) => subscription === watched.subscription.name)
        return outcome === undefined ? [] : [{ store: label, outcome, watched, nowMs }]
      }),
    )
    session.output.result({ subscriptions: rows.map(documentOf) }, () => table(columns, rows))
    const isWell = ({ outcome, watched }: Row): boolean =>
      outcome.kind === 'compared' && watched.status.problems.length === 0
    if (!rows.every(isWell)) process.exitCode = exitCodes.findings
  })
}

function targetsOf({ subscriptions }: Publisher, name: string | undefined): readonly string[] {
  return subscriptions
    .map(({ subscription }) => subscription)
    .filter(({ hasInbox, retired, paused }) => hasInbox && retired === null && paused === null)
    .map((subscription) => subscription.name)
    .filter((each) => name === undefined || each === name)
}

function notRunning({ label, service }: Publisher): CliError {
  return new CliError(
    'RECONCILER_NOT_RUNNING',
    `no process takes up a run of ${label}; start one of the service "${service}", whose bus must not say "reconcile: false"`,
  )
}

interface Row {
  readonly store: string
  readonly outcome: RunOutcome
  readonly watched: Publisher['subscriptions'][number]
  readonly nowMs: number
}

const words = {
  compared: 'compared',
  unanswered: 'not answered yet',
  'not-taken': 'not asked yet',
} as const satisfies Record<RunOutcome['kind'], string>

const columns: readonly Column<Row>[] = [
  { heading: 'subscription', cell: ({ watched }) => watched.subscription.name },
  { heading: 'run', cell: ({ outcome }) => words[outcome.kind] },
  { heading: 'state', cell: ({ watched, nowMs }) => inWords(watched, nowMs) },
  { heading: 'proven through', cell: ({ watched }) => showTime(new Date(watched.proof.throughMs)) },
  { heading: 'store', cell: (row) => row.store },
]

function documentOf({ store, outcome, watched }: Row): unknown {
  const { subscription, proof, status } = watched
  return {
    store,
    subscription: subscription.name,
    run: outcome.kind,
    state: status.state,
    problems: status.problems,
    provenThrough: new Date(proof.throughMs).toISOString(),
    roundTripMs: outcome.kind === 'compared' ? proof.roundTripMs : null,
    missing: status.missing,
    suspected: proof.counts.suspect,
  }
}
