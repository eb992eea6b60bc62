import { DEFAULT_BACKFILL_RATE, DEFAULT_INBOX_DAYS, requestBackfills } from '@warren/bus/operate'
import type { NamedStore, OfferedBackfill, StoredBackfill } from '@warren/bus/operate'
import { Option } from 'commander'
import type { Command } from 'commander'
import { actor } from '../../actor.ts'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { CliError } from '../../errors.ts'
import { collected, perSecond, sinceOption, storeOption, untilOption } from '../../options.ts'
import type { Session } from '../../session.ts'
import { sessionOf } from '../../session.ts'
import { withStoreColumn } from '../../store-rows.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { table } from '../../table.ts'
import { backfillDocument } from './columns.ts'
import { followBackfills } from './follow.ts'
import { planBackfills } from './plans.ts'
import { showDuration } from './progress.ts'

interface StartOptions extends StoreOptions {
  readonly since: Date
  readonly until?: Date
  readonly pattern?: readonly string[]
  readonly rate?: number
  readonly follow: boolean
  readonly dryRun?: true
  readonly yes?: true
}

export function addBackfillStart(parent: Command): void {
  parent
    .command('start', { isDefault: true })
    .summary('send a subscription what was published before')
    .description(
      'Sends events of the ledger to one subscription alone, oldest first, beside live traffic: says how many, asks, and shows the progress. The service that owns the store does the sending, goes on where it was when it is killed, and gives way while its relay is behind or messages wait in the queue of the subscription. What the subscription has had it does not handle again. Of several stores each takes part that has events to send. Ctrl-C ends the watching, not the sending: "warren backfill cancel" does that.',
    )
    .argument('<subscription>', 'its name')
    .addOption(sinceOption('events published').makeOptionMandatory())
    .addOption(untilOption('events published'))
    .addOption(
      new Option('-p, --pattern <pattern>', 'of what it takes, these events alone; repeatable').argParser(collected),
    )
    .addOption(
      new Option('--rate <count>', "so many events per second (default: the service's own, 200)").argParser(perSecond),
    )
    .option('--dry-run', 'say how many of what, and send nothing')
    .option('-y, --yes', 'do not ask')
    .option('--no-follow', 'do not wait for the end')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren backfill start order.loyalty --since 7d\n  $ warren backfill order.loyalty --since 2026-07-01 --until 2026-07-02 --pattern "#.payment.*" --rate 50',
    )
    .action(start)
}

async function start(subscription: string, options: StartOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const now = new Date()
  const range = { fromMs: options.since.getTime(), toMs: Math.min(options.until?.getTime() ?? Infinity, now.getTime()) }
  if (range.fromMs >= range.toMs)
    throw new CliError('USAGE_INVALID', '--since lies behind --until, or in the future: nothing lies between them')
  await withStores(session, options, async (stores) => {
    const { plans, total } = await planBackfills(stores, { subscription, patterns: options.pattern ?? [], range })
    const described = { subscription, since: options.since, until: new Date(range.toMs), events: rowsOf(plans), total }
    if (options.dryRun === true || total === 0) {
      session.output.result({ ...described, isDryRun: options.dryRun === true, backfills: [] }, () =>
        total === 0 ? 'no event of that time matches: there is nothing to send' : planTable(plans, stores),
      )
      return
    }
    if (options.yes !== true) session.output.aside(planTable(plans, stores))
    warn(session, plans, range.fromMs, now.getTime(), options.rate)
    await confirm(`Send ${counted(total, 'event')} to ${subscription}?`, options)

    const requested = await requestBackfills(plans, {
      ...{ subscription, range },
      rate: options.rate ?? null,
      requestedBy: actor(session.env),
    })
    const results = options.follow ? await followed(session, requested) : requested
    const backfills = results.map(({ store, backfill }) => backfillDocument({ ...backfill, store: store.label }))
    session.output.result({ ...described, isDryRun: false, backfills }, () => results.map(summary).join('\n'))
    refuse(results)
  })
}

async function followed(session: Session, requested: readonly StoredBackfill[]): Promise<readonly StoredBackfill[]> {
  const stopping = new AbortController()
  const onInterrupt = (): void => stopping.abort()
  process.once('SIGINT', onInterrupt)
  try {
    return await followBackfills(requested, (line) => session.output.note(line), stopping.signal)
  } finally {
    process.off('SIGINT', onInterrupt)
  }
}

function warn(
  session: Session,
  plans: readonly OfferedBackfill[],
  fromMs: number,
  nowMs: number,
  rate = DEFAULT_BACKFILL_RATE,
): void {
  const total = Math.max(...plans.map((plan) => plan.counted.total))
  session.output.note(`at ${rate} a second it takes ${showDuration((total * 1000) / rate)} at least`)
  if (nowMs - fromMs > DEFAULT_INBOX_DAYS * 86_400_000) {
    session.output.note(
      `a subscriber remembers ${DEFAULT_INBOX_DAYS} days unless its retention.inboxDays says more: events that are older than that are parked there as MESSAGE_TOO_OLD`,
    )
  }
}

/** A summary of one store, with what to do next. */
function summary({ backfill }: StoredBackfill): string {
  const { id, subscription, state, sent, total } = backfill
  if (state === 'done') return `${counted(sent, 'event')} sent to ${subscription}`
  const next = state === 'running' ? `; it goes on: warren backfill show ${id}` : ''
  return `backfill of ${subscription} is ${state}, ${sent} of ${total ?? 'uncounted'} sent${next}`
}

function refuse(results: readonly StoredBackfill[]): void {
  const failed = results.filter(({ backfill }) => backfill.state === 'failed')
  if (failed.length === 0) return
  const reasons = failed.map(({ store, backfill }) => `${store.label}: ${backfill.error ?? 'no reason is known'}`)
  const ids = failed.map(({ backfill }) => backfill.id).join(' ')
  throw new CliError('BACKFILL_FAILED', `${reasons.join('. ')}; "warren backfill resume ${ids}" tries again from there`)
}

interface EventCount {
  readonly store: string
  readonly name: string
  readonly count: number
}

function rowsOf(plans: readonly OfferedBackfill[]): readonly EventCount[] {
  return plans.flatMap(({ store, counts }) =>
    [...counts].map(([name, count]) => ({ store: store.label, name, count })).sort((a, b) => b.count - a.count),
  )
}

function planTable(plans: readonly OfferedBackfill[], stores: readonly NamedStore[]): string {
  const columns = [
    { heading: 'event', cell: ({ name }: EventCount) => name },
    { heading: 'events', cell: ({ count }: EventCount) => count, align: 'right' as const },
  ]
  return table(withStoreColumn<Omit<EventCount, 'store'>>(columns, stores), rowsOf(plans))
}
