import type { NewWatch } from '@warren/bus'
import { checkWatch, DEFAULT_WATCH_ALARM, readWatches, saveWatch } from '@warren/bus/operate'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { actor } from '../../actor.ts'
import { collected, periodOption, sinceOption, storeOption, untilOption } from '../../options.ts'
import type { Period } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { properties } from '../../table.ts'
import { showCompensation, showPeriod, showThresholds } from './words.ts'

interface AddOptions extends StoreOptions {
  readonly pattern: readonly string[]
  readonly entityId?: readonly string[]
  readonly since?: Date
  readonly until?: Date
  readonly maxMissing: Threshold
  readonly maxParked: Threshold
  readonly maxUnhandled?: Period
  readonly compensation?: 'auto' | 'off'
  readonly dryRun?: true
}

/** Commander takes a null for an option without a value. */
type Threshold = number | 'none'

export function addWatchesAdd(parent: Command): void {
  const { maxMissing, maxParked } = DEFAULT_WATCH_ALARM
  parent
    .command('add')
    .summary('save a filter of events, to be counted with an alarm of its own')
    .description(
      'Saves a watch in each of the stores that publishes: of the events whose names match one of its patterns, of some entities or of all, published in its period. One of the same name is replaced. It is on the overview of the page, with counts of distinct events for each subscription. With --compensation off what is missing of it is told and not resent, unless a person asks for it; with "auto" it is resent also where the service only reports.',
    )
    .argument('<name>', 'of the watch')
    .addOption(
      new Option('-p, --pattern <pattern>', 'of the names of its events; repeatable')
        .argParser(collected)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--entity-id <id>', 'of these entities alone; repeatable').argParser(collected))
    .addOption(sinceOption('events published'))
    .addOption(untilOption('events published'))
    .addOption(
      new Option('--max-missing <count>', 'alarm behind so many that are missing and not resent, or "none"')
        .argParser(countOrNone)
        .default(maxMissing),
    )
    .addOption(
      new Option('--max-parked <count>', 'alarm behind so many that are parked, or "none"')
        .argParser(countOrNone)
        .default(maxParked),
    )
    .addOption(periodOption('--max-unhandled <period>', 'alarm when one is not handled for so long: 90s, 30m, 2h'))
    .addOption(
      new Option('--compensation <mode>', 'of what is missing of it (default: as the service says)').choices([
        'auto',
        'off',
      ]),
    )
    .option('--dry-run', 'say what would be saved, and save nothing')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren watches add "Black Friday" --pattern "order.#.payment.*" --since 2026-11-27T00:00:00+08:00 --until 2026-12-01T00:00:00+08:00 --max-unhandled 10m\n  $ warren watches add "order 4711" --pattern "order.#" --entity-id 4711 --compensation off',
    )
    .action(add)
}

async function add(name: string, options: AddOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const watch: NewWatch = {
    ...{ name, patterns: options.pattern, entityIds: options.entityId ?? [] },
    fromMs: options.since?.getTime() ?? null,
    toMs: options.until?.getTime() ?? null,
    alarm: {
      maxMissing: numberOf(options.maxMissing),
      maxParked: numberOf(options.maxParked),
      maxUnhandledMs: options.maxUnhandled?.ms ?? null,
    },
    compensation: options.compensation ?? null,
  }
  checkWatch(watch)
  await withStores(session, options, async (stores) => {
    const isKnown = (await readWatches(stores)).some((each) => each.name === name)
    const described = {
      ...{ name, patterns: watch.patterns, entityIds: watch.entityIds, alarm: watch.alarm },
      ...{ from: options.since ?? null, to: options.until ?? null, compensation: watch.compensation },
    }
    if (options.dryRun === true) {
      session.output.result({ watch: described, isDryRun: true, isNew: !isKnown, stores: [] }, () =>
        [`would ${isKnown ? 'replace' : 'add'} the watch ${name}`, describe(watch)].join('\n'),
      )
      return
    }
    const saved = await saveWatch(stores, watch, actor(session.env))
    session.output.result({ watch: described, isDryRun: false, isNew: !isKnown, stores: saved.stores }, () =>
      [`the watch ${name} is ${isKnown ? 'replaced' : 'added'}, in ${saved.stores.join(', ')}`, describe(watch)].join(
        '\n',
      ),
    )
  })
}

function describe(watch: NewWatch): string {
  return properties([
    ['patterns', watch.patterns.join(' ')],
    ['entities', watch.entityIds.length === 0 ? 'all' : watch.entityIds.join(' ')],
    ['period', showPeriod(watch)],
    ['alarm', showThresholds(watch.alarm)],
    ['compensation', showCompensation(watch.compensation)],
  ])
}

function numberOf(threshold: Threshold): number | null {
  return threshold === 'none' ? null : threshold
}

function countOrNone(text: string): Threshold {
  if (text === 'none') return text
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 0, or "none".')
}
