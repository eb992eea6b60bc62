import type { Backfill } from '@warren/bus'
import { Argument } from 'commander'
import type { Command } from 'commander'
import { percentOf } from '../../bar.ts'
import { messageId, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { properties } from '../../table.ts'
import { showMoment } from '../../times.ts'
import { backfillDocument, showLeft } from './columns.ts'
import { findBackfill } from './find.ts'
import { showHold, showPace } from './progress.ts'

export function addBackfillShow(parent: Command): void {
  parent
    .command('show')
    .summary('one backfill')
    .description('Shows one backfill: what it sends, how far it is, and what it waits for.')
    .addArgument(new Argument('<id>', 'of the backfill').argParser(messageId))
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren backfill show 01a20892-b9b9-74ba-8603-000000000000')
    .action(show)
}

async function show(id: string, options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const { backfill, store } = await findBackfill(stores, id)
    session.output.result({ backfill: backfillDocument({ ...backfill, store: store.label }) }, () =>
      properties(pairs(backfill, store.label)),
    )
  })
}

function pairs(backfill: Backfill, store: string): readonly (readonly [string, string])[] {
  const { sent, total, heldBy, error, names } = backfill
  return [
    ['subscription', backfill.subscription],
    ['of store', store],
    ['state', backfill.state],
    ['patterns', backfill.patterns.join(' ')],
    ['events', names === null ? 'not counted yet' : names.join(' ')],
    ['since', showMoment(new Date(backfill.range.fromMs))],
    ['until', showMoment(new Date(backfill.range.toMs))],
    ['sent', total === null ? String(sent) : `${sent} of ${total} (${percentOf(sent, total)} %)`],
    ...(backfill.state === 'running'
      ? ([
          ['per second', showPace(backfill.pace)],
          ['left', showLeft(backfill)],
        ] as const)
      : []),
    ...(heldBy === null ? [] : ([['now', showHold(backfill)]] as const)),
    ...(error === null ? [] : ([['error', error]] as const)),
    ['rate', backfill.rate === null ? "the service's own" : `${backfill.rate} per second`],
    ['requested', `${showMoment(new Date(backfill.requestedMs))} by ${backfill.requestedBy}`],
    ['changed', showMoment(new Date(backfill.updatedMs))],
  ]
}
