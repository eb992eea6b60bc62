import type { MissingEvent, OpenBreaker } from '@warren/bus'
import type { NamedStore, Publisher, StoreRow } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Argument } from 'commander'
import { actor } from '../../actor.ts'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { CliError } from '../../errors.ts'
import { messageIds, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import { needSubscription, needPublishers } from './publishers.ts'

interface ResendOptions extends StoreOptions {
  readonly subscription?: string
  readonly dryRun?: true
  readonly yes?: true
}

export function addReconcileResend(parent: Command): void {
  parent
    .command('resend')
    .summary('send missing events again, each to the one subscription that misses it')
    .description(
      'Makes missing events due at once, with their resends counted anew; the reconciler of the owning service sends them within its budget, also where its settings say "report". One transaction per store, written down in its action log.',
    )
    .addArgument(new Argument('[ids...]', 'message ids').argParser(messageIds))
    .option('--subscription <name>', 'at this subscription; without ids all that it misses')
    .option('--dry-run', 'say how many of what, and change nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren reconcile resend 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa\n  $ warren reconcile resend --subscription order.crm --yes',
    )
    .action(resend)
}

async function resend(given: readonly string[] | undefined, options: ResendOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const ids = [...new Set(given ?? [])]
  const { subscription } = options
  if (ids.length === 0 && subscription === undefined)
    throw new CliError('USAGE_INVALID', 'say which events: message ids, or --subscription')
  const which = subscription === undefined ? {} : { subscription }
  const filters = ids.length === 0 ? [which] : ids.map((id) => ({ ...which, id }))
  await withStores(session, options, async (stores) => {
    const publishers = await needPublishers(stores)
    if (subscription !== undefined) await needSubscription(publishers, subscription)
    const groups = groupsOf(await missingIn(stores, filters), publishers)
    const matching = groups.reduce((sum, { count }) => sum + count, 0)
    const described = counted(matching, 'missing event')
    const documents = groups.map(({ breaker, ...group }) => ({ ...group, breaker: breaker?.reason ?? null }))
    if (matching === 0 && ids.length > 0) {
      throw new CliError(
        'MESSAGE_UNKNOWN',
        `${ids.join(', ')} ${ids.length === 1 ? 'is' : 'are'} not missing anywhere; "warren reconcile explain" tells more`,
      )
    }
    if (options.dryRun === true) {
      session.output.result({ matching, resent: 0, groups: documents }, () =>
        [`would resend ${described}`, ...(matching === 0 ? [] : [table(columns, groups)])].join('\n'),
      )
      return
    }
    if (matching > 0) {
      if (options.yes !== true) session.output.aside(table(columns, groups))
      await confirm(`Resend ${described}?`, options)
    }
    let resent = 0
    for (const { store } of stores) {
      for (const filter of filters) resent += await store.reconciliation.missing.retry(filter, actor(session.env))
    }
    session.output.result({ matching, resent, groups: documents }, () => `${counted(resent, 'event')} to be resent`)
    for (const { subscription: name, breaker } of groups)
      if (breaker !== null)
        session.output.note(
          `${name}: the breaker is open, and until it closes ${breaker.cause === 'share' ? 'a few are tried at most' : 'nothing is sent'}: ${breaker.reason}`,
        )
    for (const { label, service, isReconciling, subscriptions } of publishers) {
      const isConcerned = groups.some((group) =>
        subscriptions.some((each) => each.subscription.name === group.subscription),
      )
      if (!isReconciling && isConcerned)
        session.output.note(`nothing is sent before a process of the service "${service}" runs (store ${label})`)
    }
  })
}

/** As many as a person may look at; retry() takes all. */
const MOST = 1_000_000

async function missingIn(
  stores: readonly NamedStore[],
  filters: readonly { readonly subscription?: string; readonly id?: string }[],
): Promise<readonly StoreRow<MissingEvent>[]> {
  const found: StoreRow<MissingEvent>[] = []
  for (const { label, store } of stores) {
    for (const filter of filters) {
      const rows = await store.reconciliation.missing.list({ ...filter, states: ['missing', 'gave-up'], limit: MOST })
      found.push(...rows.map((row) => ({ store: label, ...row })))
    }
  }
  return found
}

interface Group {
  readonly store: string
  readonly subscription: string
  readonly count: number
  readonly breaker: OpenBreaker | null
}

function groupsOf(rows: readonly StoreRow<MissingEvent>[], publishers: readonly Publisher[]): readonly Group[] {
  const groups = Map.groupBy(rows, ({ store, subscription }) => JSON.stringify([store, subscription]))
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { store, subscription } = first
    const proof = publishers
      .find(({ label }) => label === store)
      ?.subscriptions.find((each) => each.subscription.name === subscription)?.proof
    return [{ store, subscription, count: group.length, breaker: proof?.breaker ?? null }]
  })
}

const columns: readonly Column<Group>[] = [
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'missing', cell: (row) => row.count, align: 'right' },
  { heading: 'store', cell: (row) => row.store },
]
