import { removeWatch } from '@warren/bus/operate'
import type { Command } from 'commander'
import { actor } from '../../actor.ts'
import { confirm } from '../../confirm.ts'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { findWatch } from './find.ts'

interface RemoveOptions extends StoreOptions {
  readonly dryRun?: true
  readonly yes?: true
}

export function addWatchesRemove(parent: Command): void {
  parent
    .command('remove')
    .summary('remove a watch; no event is touched')
    .description(
      'Removes a watch from all of these stores. No event is touched; what it held back with --compensation off is resent from then on, as the service says.',
    )
    .argument('<name>', 'of the watch')
    .option('--dry-run', 'say what would be removed, and change nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren watches remove "Black Friday"')
    .action(remove)
}

async function remove(name: string, options: RemoveOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const watch = await findWatch(stores, name)
    const from = watch.stores.join(', ')
    if (options.dryRun === true) {
      session.output.result(
        { name, stores: watch.stores, isDryRun: true, removed: [] },
        () => `would remove the watch ${name} from ${from}`,
      )
      return
    }
    await confirm(`Remove the watch ${name} from ${from}?`, options)
    const removed = await removeWatch(stores, name, actor(session.env))
    session.output.result(
      { name, stores: watch.stores, isDryRun: false, removed },
      () => `the watch ${name} is removed from ${removed.join(', ')}`,
    )
  })
}
