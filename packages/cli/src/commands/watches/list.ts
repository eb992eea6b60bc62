import { phaseOf, readWatches } from '@warren/bus/operate'
import type { StoredWatch } from '@warren/bus/operate'
import type { Command } from 'commander'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import { showCompensation, showPeriod, showThresholds, watchDocument } from './words.ts'

export function addWatchesList(parent: Command): void {
  parent
    .command('list')
    .summary('the watches of these stores, without counts')
    .description(
      'Shows which watches there are, of what, and whether their period runs. "warren watches show NAME" counts.',
    )
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren watches list')
    .action(list)
}

async function list(options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const watches = await readWatches(stores)
    const nowMs = Date.now()
    session.output.result({ watches: watches.map((watch) => watchDocument(watch, nowMs)) }, () =>
      watches.length === 0 ? 'no watches' : table(columnsAt(nowMs), watches),
    )
  })
}

function columnsAt(nowMs: number): readonly Column<StoredWatch>[] {
  return [
    { heading: 'name', cell: ({ name }) => name },
    { heading: 'state', cell: (watch) => phaseOf(watch, nowMs) },
    { heading: 'period', cell: showPeriod },
    { heading: 'patterns', cell: ({ patterns }) => patterns.join(' ') },
    { heading: 'entities', cell: ({ entityIds }) => (entityIds.length === 0 ? 'all' : entityIds.join(' ')) },
    { heading: 'alarm', cell: ({ alarm }) => showThresholds(alarm) },
    { heading: 'compensation', cell: ({ compensation }) => showCompensation(compensation) },
  ]
}
