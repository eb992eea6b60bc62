import type { BlockedEntity, Blocker } from '@warren/bus'
import { readStores } from '@warren/bus/operate'
import type { StoreRow } from '@warren/bus/operate'
import type { Command } from 'commander'
import { limitOption, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { withStoreColumn } from '../../store-rows.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { clipped, table } from '../../table.ts'
import { showTime } from '../../times.ts'

interface BlockedOptions extends StoreOptions {
  readonly subscription?: string
  readonly entity?: string
  readonly limit: number
}

export function addFailuresBlocked(parent: Command): void {
  parent
    .command('blocked')
    .summary('entities whose events wait for an earlier one')
    .description(
      'Shows the entities of ordered subscriptions of which events wait, those with the most first: what blocks each, since when, and how many wait. Retry, discard or release what blocks.',
    )
    .option('--subscription <name>', 'of this subscription')
    .option('--entity <id>', 'of the entity with this id')
    .addOption(limitOption('entities'))
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren failures blocked\n  $ warren failures blocked --subscription order.ledger --entity 4711 --json',
    )
    .action(blocked)
}

async function blocked({ subscription, entity, limit, ...options }: BlockedOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const filter = {
    limit,
    ...(subscription === undefined ? {} : { subscription }),
    ...(entity === undefined ? {} : { entityId: entity }),
  }
  await withStores(session, options, async (stores) => {
    const read = await readStores(stores, (store) => store.failures.blocked(filter))
    const entities = [...read].sort((a, b) => b.waiting - a.waiting).slice(0, limit)
    session.output.result({ blocked: entities }, () =>
      entities.length === 0 ? 'nothing waits' : table(withStoreColumn(columns, stores), entities),
    )
  })
}

const columns: readonly Column<StoreRow<BlockedEntity>>[] = [
  { heading: 'subscription', cell: (row) => row.subscription },
  { heading: 'entity', cell: (row) => `${row.entity} ${row.entityId}` },
  { heading: 'blocked by', cell: (row) => blockerText(row.blocker) },
  { heading: 'since', cell: (row) => showTime(row.since) },
  { heading: 'waiting', cell: (row) => row.waiting, align: 'right' },
  { heading: 'first waiting', cell: (row) => row.oldestWaiting.messageId },
  { heading: 'error', cell: (row) => ('error' in row.blocker ? clipped(row.blocker.error) : '') },
]

function blockerText(blocker: Blocker): string {
  switch (blocker.kind) {
    case 'parked':
    case 'retrying':
      return `${blocker.messageId} (${blocker.kind})`
    case 'absent':
      return `event ${blocker.sequence}, not received`
    case 'released':
      return 'nothing, due now'
  }
}
