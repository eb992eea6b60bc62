import type { FailureFilter } from '@warren/bus'
import type { Command } from 'commander'
import { Argument } from 'commander'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { CliError } from '../../errors.ts'
import { messageIds, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { applyToFailures } from './apply.ts'
import type { FailureOptions } from './filter.ts'
import { addFailureOptions, failureFilter } from './filter.ts'
import { failureGroups, groupTable, sizeOf } from './list.ts'

type Action = 'retry' | 'discard' | 'release'

interface ActOptions extends StoreOptions, FailureOptions {
  readonly all?: true
  readonly dryRun?: true
  readonly yes?: true
}

const words = {
  retry: {
    summary: 'hand failed messages to their handlers again',
    description:
      'Makes parked and retrying failures due at once, with their attempts counted anew; the owning service picks them up. Up to 1,000 in one transaction per store, more in one per 1,000, with the progress; written down in its action log.',
    done: 'to be retried',
  },
  discard: {
    summary: 'give up on failed messages',
    description:
      'Gives up on failures for good: they are never handled, their payloads stay in the action log. Up to 1,000 in one transaction per store, more in one per 1,000, with the progress.',
    done: 'discarded',
  },
  release: {
    summary: 'let those go on that wait behind a failure',
    description:
      'Of ordered subscriptions: sets failures aside that hold up their entity. They stay parked, the events behind them go on, and a retry handles them out of their order. The first event that waits for one that was never received goes on without it. Up to 1,000 in one transaction per store, more in one per 1,000, with the progress; written down in its action log.',
    done: 'released',
  },
} as const

const verbs = { retry: 'Retry', discard: 'Discard', release: 'Release' } as const

/** `warren failures retry`, `discard` and `release` differ in what is done alone. */
export function addFailuresAct(parent: Command, action: Action): void {
  const { summary, description } = words[action]
  const command = parent
    .command(action)
    .summary(summary)
    .description(description)
    .addArgument(
      new Argument('[ids...]', 'message ids; of all subscriptions unless --subscription says one').argParser(
        messageIds,
      ),
    )
    .option('-a, --all', 'all failures; needed when nothing else chooses')
  addFailureOptions(command)
    .option('--dry-run', 'say how many of what, and change nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(storeOption())
    .addHelpText(
      'after',
      `\nExamples:\n  $ warren failures ${action} --group 5f1d0c2ab9e4 --dry-run\n  $ warren failures ${action} --subscription order.crm --state parked --yes`,
    )
    .action((ids: readonly string[] | undefined, options: ActOptions, self: Command) =>
      act(action, ids ?? [], options, self),
    )
}

async function act(action: Action, ids: readonly string[], options: ActOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const filters = chosenFilters(action, ids, options)
  await withStores(session, options, async (stores) => {
    const groups = (await Promise.all(filters.map((filter) => failureGroups(stores, filter)))).flat()
    const matching = groups.reduce((sum, group) => sum + sizeOf(group), 0)
    const subscriptions = new Set(groups.map(({ subscription }) => subscription)).size
    const described = `${counted(matching, 'failure')} of ${counted(subscriptions, 'subscription')}`
    if (options.dryRun === true) {
      session.output.result({ action, matching, changed: 0, groups }, () =>
        [`would ${action} ${described}`, ...(matching === 0 ? [] : [groupTable(groups, stores)])].join('\n'),
      )
      return
    }
    if (matching === 0 && ids.length > 0) {
      throw new CliError(
        'FAILURE_UNKNOWN',
        `no failure of ${ids.join(', ')} in these stores; "warren messages trace" tells more`,
      )
    }
    if (matching > 0) {
      if (options.yes !== true) session.output.aside(groupTable(groups, stores))
      await confirm(`${verbs[action]} ${described}?`, options)
    }
    const changed = await applyToFailures(session, stores, action, filters)
    session.output.result(
      { action, matching, changed, groups },
      () => `${counted(changed, 'failure')} ${words[action].done}`,
    )
  })
}

/** One filter for each id, or one for all. Throws USAGE_INVALID when nothing chooses, for a slip must not hit everything. */
function chosenFilters(action: Action, ids: readonly string[], options: ActOptions): readonly FailureFilter[] {
  const filter = failureFilter(options)
  if (ids.length > 0) return [...new Set(ids)].map((messageId) => ({ ...filter, messageId }))
  if (Object.keys(filter).length === 0 && options.all !== true) {
    throw new CliError(
      'USAGE_INVALID',
      `say which failures to ${action}: message ids, a filter such as --group, or --all`,
    )
  }
  return [filter]
}
