import type { Publisher } from '@warren/bus/operate'
import type { Command } from 'commander'
import { actor } from '../../actor.ts'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import { showDuration, showTime } from '../../times.ts'
import { needSubscription, needPublishers } from '../reconcile/publishers.ts'

interface RetireOptions extends StoreOptions {
  readonly dryRun?: true
  readonly yes?: true
}

export function addSubscriptionsRetire(parent: Command): void {
  parent
    .command('retire')
    .summary('expect nothing of a subscription any more')
    .description(
      'Ends the interest of a subscription at every publisher that knows it: nothing published from now on is expected there, and what it misses is waived. Its queue stays on the broker. One transaction per store, written down in its action log. A service that still runs announces itself again within seconds, and so ends its retirement: stop it first.',
    )
    .argument('<name>', 'the subscription')
    .option('--dry-run', 'say what would be waived, and change nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren subscriptions retire order.crm')
    .action(retire)
}

/** What retiring would do at one publisher. */
interface Retirement {
  readonly publisher: Publisher
  readonly queue: string
  readonly missing: number
  readonly provenThroughMs: number
  readonly lastSeenMs: number
  readonly isRetired: boolean
}

async function retire(name: string, options: RetireOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const publishers = await needPublishers(stores)
    await needSubscription(publishers, name)
    const retirements = publishers.flatMap((publisher) => retirementAt(publisher, name))
    const waiting = retirements.filter(({ isRetired }) => !isRetired)
    const missing = waiting.reduce((sum, each) => sum + each.missing, 0)
    const described = `${counted(missing, 'missing event')} of ${name}`
    if (options.dryRun === true) {
      session.output.result({ name, retired: [], publishers: retirements.map(documentOf) }, () =>
        [`would waive ${described}`, table(columns, retirements)].join('\n'),
      )
      return
    }
    if (waiting.length > 0) {
      if (options.yes !== true) session.output.aside(table(columns, waiting))
      for (const { publisher, lastSeenMs } of waiting) {
        const agoMs = publisher.nowMs - lastSeenMs
        if (agoMs < STILL_THERE_MS)
          session.output.note(
            `${name} was seen ${showDuration(agoMs)} ago (${publisher.label}): if it still runs, it comes back by itself`,
          )
      }
      await confirm(`Retire ${name} and waive ${described}?`, options)
    }
    const retired: { store: string; waived: number }[] = []
    for (const { publisher } of waiting) {
      const done = await publisher.store.reconciliation.registry.retire(name, actor(session.env))
      if (done !== null) retired.push({ store: publisher.label, waived: done.waived })
    }
    const waived = retired.reduce((sum, each) => sum + each.waived, 0)
    session.output.result({ name, retired, publishers: retirements.map(documentOf) }, () =>
      retired.length === 0 ? `${name} was retired before` : `${name} is retired; ${counted(waived, 'event')} waived`,
    )
    for (const queue of new Set(retirements.map((each) => each.queue)))
      session.output.note(
        `Its queue ${queue} stays on the broker, and fills: delete it when nobody needs what is in it`,
      )
  })
}

/** Two announcements. */
const STILL_THERE_MS = 40_000

function retirementAt(publisher: Publisher, name: string): readonly Retirement[] {
  const watched = publisher.subscriptions.find(({ subscription }) => subscription.name === name)
  if (watched === undefined) return []
  const { subscription, proof, status } = watched
  return [
    {
      publisher,
      queue: subscription.queue,
      missing: status.missing + proof.counts.suspect,
      provenThroughMs: proof.throughMs,
      lastSeenMs: subscription.lastSeenMs,
      isRetired: subscription.retired !== null,
    },
  ]
}

const columns: readonly Column<Retirement>[] = [
  { heading: 'publisher', cell: (row) => row.publisher.label },
  { heading: 'to waive', cell: (row) => (row.isRetired ? 0 : row.missing), align: 'right' },
  { heading: 'proven through', cell: (row) => showTime(new Date(row.provenThroughMs)) },
  { heading: 'last seen', cell: (row) => showTime(new Date(row.lastSeenMs)) },
  { heading: 'retired', cell: (row) => (row.isRetired ? 'already' : '') },
]

function documentOf({ publisher, missing, provenThroughMs, lastSeenMs, isRetired }: Retirement): unknown {
  return {
    store: publisher.label,
    isRetired,
    missing,
    provenThrough: new Date(provenThroughMs),
    lastSeenAt: new Date(lastSeenMs),
  }
}
