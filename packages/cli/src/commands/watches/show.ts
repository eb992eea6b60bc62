import { alarmsOf, phaseOf, readWatchContext, WatchCounter } from '@warren/bus/operate'
import type { StoredWatch, WatchCount, WatchedDeliveries } from '@warren/bus/operate'
import type { Command } from 'commander'
import { exitCodes } from '../../exit-codes.ts'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { properties, table } from '../../table.ts'
import { findWatch } from './find.ts'
import { showAlarm, showCompensation, showPeriod, showThresholds, watchDocument } from './words.ts'

export function addWatchesShow(parent: Command): void {
  parent
    .command('show')
    .summary('one watch with its counts')
    .description(
      'Counts the distinct events that a watch is about, and of each subscription that they are for, what became of them. It reads all of the period, which costs as much as is in it. Exits 2 while its alarm is on.',
    )
    .argument('<name>', 'of the watch')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren watches show "Black Friday"')
    .action(show)
}

async function show(name: string, options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const watch = await findWatch(stores, name)
    const nowMs = Date.now()
    const count = await new WatchCounter().count(watch, await readWatchContext(stores, nowMs))
    const alarms = alarmsOf(watch, count, nowMs)
    const { published, sent, subscriptions, isCut } = count
    const document = {
      ...watchDocument(watch, nowMs),
      ...{ published, sent, isCut, isAlarmed: alarms.length > 0, alarms },
      subscriptions: subscriptions.map(({ oldestUnhandledMs, ...each }: WatchedDeliveries) => ({
        ...each,
        oldestUnhandledAt: oldestUnhandledMs === null ? null : new Date(oldestUnhandledMs),
      })),
    }
    session.output.result({ watch: document }, () =>
      [
        properties([
          ...pairs(watch, count, nowMs),
          ['now', alarms.length === 0 ? 'calm' : `alarm: ${alarms.map(showAlarm).join('; ')}`],
        ]),
        ...(subscriptions.length === 0 ? [] : ['', table(columns, subscriptions)]),
      ].join('\n'),
    )
    if (isCut)
      session.output.note('There are more events of these entities than are counted: the newest of each store are')
    if (alarms.length > 0) process.exitCode = exitCodes.findings
  })
}

function pairs(
  watch: StoredWatch,
  { published, sent }: WatchCount,
  nowMs: number,
): readonly (readonly [string, string | number])[] {
  return [
    ['watch', watch.name],
    ['state', phaseOf(watch, nowMs)],
    ['period', showPeriod(watch)],
    ['patterns', watch.patterns.join(' ')],
    ['entities', watch.entityIds.length === 0 ? 'all' : watch.entityIds.join(' ')],
    ['compensation', showCompensation(watch.compensation)],
    ['alarm', showThresholds(watch.alarm)],
    ['published', published],
    ['sent', sent],
  ]
}

const number = (heading: string, cell: (row: WatchedDeliveries) => number | null): Column<WatchedDeliveries> => ({
  ...{ heading, align: 'right' },
  // Its own store is not looked at.
  cell: (row) => cell(row) ?? '?',
})

const columns: readonly Column<WatchedDeliveries>[] = [
  { heading: 'subscription', cell: ({ subscription }) => subscription },
  number('for it', ({ expected }) => expected),
  number('received', ({ received }) => received),
  number('handled', ({ handled }) => handled),
  number('waiting', ({ waiting }) => waiting),
  number('retrying', ({ retrying }) => retrying),
  number('parked', ({ parked }) => parked),
  number('discarded', ({ discarded }) => discarded),
  number('missing', ({ missing }) => missing),
  { heading: 'service', cell: ({ service }) => service },
]
