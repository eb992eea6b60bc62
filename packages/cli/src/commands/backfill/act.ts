import type { BackfillAction } from '@warren/bus'
import { Argument } from 'commander'
import type { Command } from 'commander'
import { actor } from '../../actor.ts'
import { messageId, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { backfillDocument } from './columns.ts'
import { findBackfill } from './find.ts'

const words = {
  pause: { summary: 'stop sending until it is resumed', done: 'paused' },
  resume: { summary: 'go on where it stopped, also when it has failed', done: 'resumed' },
  cancel: { summary: 'give it up; what is sent is sent', done: 'cancelled' },
} as const

/** `warren backfill pause`, `resume` and `cancel` differ in one word. */
export function addBackfillAct(parent: Command, action: BackfillAction): void {
  const { summary } = words[action]
  parent
    .command(action)
    .summary(summary)
    .description(
      `${summary[0]?.toUpperCase() ?? ''}${summary.slice(1)}. The service that sends it sees it with its next batch. Written down in the store's action log.`,
    )
    .addArgument(new Argument('<id>', 'of the backfill').argParser(messageId))
    .addOption(storeOption())
    .addHelpText('after', `\nExample:\n  $ warren backfill ${action} 01a20892-b9b9-74ba-8603-000000000000`)
    .action((id: string, options: StoreOptions, command: Command) => act(action, id, options, command))
}

async function act(action: BackfillAction, id: string, options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const { backfill: found, store } = await findBackfill(stores, id)
    const result = await store.store.reconciliation.backfill.act(id, action, actor(session.env))
    const { backfill, isChanged } = result ?? { backfill: found, isChanged: false }
    const document = { action, isChanged, backfill: backfillDocument({ ...backfill, store: store.label }) }
    session.output.result(document, () =>
      isChanged
        ? `${words[action].done}: ${backfill.subscription}, ${backfill.sent} of ${backfill.total ?? 'uncounted'} sent`
        : `nothing changed: the backfill of ${backfill.subscription} is ${backfill.state}`,
    )
  })
}
