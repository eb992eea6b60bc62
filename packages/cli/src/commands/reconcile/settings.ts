import type { CompensationChanges, CompensationMode, CompensationSettings } from '@warren/bus'
import { changeCompensation, checkCompensation, compensatingStores } from '@warren/bus/operate'
import type { Publisher, SeenCompensation, WatchedSubscription } from '@warren/bus/operate'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { actor } from '../../actor.ts'
import { confirm } from '../../confirm.ts'
import { CliError } from '../../errors.ts'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import type { Column } from '../../table.ts'
import { table } from '../../table.ts'
import { parsePeriodMs, showDuration } from '../../times.ts'
import {
  compensationDocument,
  orderDocument,
  orderWords,
  percent,
  perSecond,
  settingNames,
  settingWords,
  showOverride,
  showSetting,
} from './compensation-words.ts'
import { noteWhoIsAway } from './note-who-is-away.ts'
import { needPublishers, needSubscription } from './publishers.ts'

/** What is said to undo one setting. */
const DEFAULT = 'default'
/** Commander takes a null for an option without a value. */
type Given<Value> = Value | typeof DEFAULT

interface SettingsOptions extends StoreOptions {
  readonly compensation?: Given<CompensationMode>
  readonly budgetShare?: Given<number>
  readonly budgetMin?: Given<number>
  readonly breakerShare?: Given<number>
  readonly breakerMin?: Given<number>
  readonly breakerUnanswered?: Given<number>
  readonly reset?: true
  readonly dryRun?: true
  readonly yes?: true
}

const changing = ['compensation', 'budgetShare', 'budgetMin', 'breakerShare', 'breakerMin', 'breakerUnanswered']

export function addReconcileSettings(parent: Command): void {
  parent
    .command('settings')
    .summary('what missing events are resent with: mode, budget, breaker; and change it')
    .description(
      `Shows what compensation works with, where it comes from, what the budget allows now and what was resent. With options it sets that in the place of what the code of the services says, for one subscription or for all, in each store that publishes for it; a process that reconciles takes it up within a second, and one that is started anew, too. A value "${DEFAULT}" undoes one setting, --reset all of them. Written down in the action log.`,
    )
    .argument('[name]', 'of this subscription alone; without it, of all for which nothing else is set')
    .addOption(
      new Option('--compensation <mode>', 'auto: resend; report: only what a person asks for; off: nothing').choices([
        ...['auto', 'report', 'off', DEFAULT],
      ]),
    )
    .addOption(numberOption('--budget-share <share>', 'of the live rate that resends may take: 0.1 is 10 %'))
    .addOption(numberOption('--budget-min <events>', 'a second that are resent in any case'))
    .addOption(numberOption('--breaker-share <share>', 'open the breaker when more than this seems missing'))
    .addOption(numberOption('--breaker-min <events>', 'but not below so many'))
    .addOption(
      new Option('--breaker-unanswered <period>', 'open it when no barrier is answered for so long: 90s, 5m').argParser(
        periodMs,
      ),
    )
    .addOption(new Option('--reset', 'as the code of the services says').conflicts(changing))
    .option('--dry-run', 'say what would be set, and change nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren reconcile settings\n  $ warren reconcile settings order.crm --compensation report\n  $ warren reconcile settings order.crm --budget-min 200 --breaker-unanswered 10m --yes\n  $ warren reconcile settings --reset',
    )
    .action(settings)
}

async function settings(name: string | undefined, options: SettingsOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const subscription = name ?? null
  const changes = options.reset === true ? 'reset' : changesOf(options)
  if (changes !== 'reset' && changes !== null) checkCompensation(changes)
  if (changes === null && options.dryRun === true)
    throw new CliError('USAGE_INVALID', '--dry-run is for what would be set; say what')
  await withStores(session, options, async (stores) => {
    const publishers = await needPublishers(stores)
    if (name !== undefined) await needSubscription(publishers, name)
    if (changes === null) {
      const rows = rowsOf(publishers, subscription)
      session.output.result({ compensation: rows.map(documentOf) }, () => table(columns, rows))
      return
    }
    const places = (await compensatingStores(stores, subscription)).map(({ label }) => label)
    const concerned = publishers.filter(({ label }) => places.includes(label))
    const before = concerned.map((publisher) => rowOf(publisher, subscription))
    const what = `for ${name ?? 'all'} in ${places.join(', ')}`
    const described = changes === 'reset' ? resetWords(before) : changeWords(changes, before)
    if (options.dryRun === true) {
      session.output.result({ subscription, changes, stores: places, isDryRun: true }, () =>
        [`would be set ${what}:`, ...described].join('\n'),
      )
      return
    }
    if (options.yes !== true) session.output.aside(described.join('\n'))
    await confirm(`Set this ${what}?`, options)
    const changed = await changeCompensation(stores, subscription, changes, actor(session.env))
    session.output.result({ subscription, changes, stores: changed, isDryRun: false }, () =>
      changed.length === 0
        ? `nothing was set ${what}`
        : [`set for ${name ?? 'all'} in ${changed.join(', ')}:`, ...described].join('\n'),
    )
    noteWhoIsAway(session.output, concerned)
  })
}

function changesOf(options: SettingsOptions): CompensationChanges | null {
  const given: Partial<Record<keyof CompensationSettings, Given<number | CompensationMode> | undefined>> = {
    mode: options.compensation,
    share: options.budgetShare,
    minPerSecond: options.budgetMin,
    maxMissingShare: options.breakerShare,
    minMissing: options.breakerMin,
    maxUnansweredMs: options.breakerUnanswered,
  }
  const entries = settingNames.flatMap((name) => {
    const value = given[name]
    return value === undefined ? [] : [[name, value === DEFAULT ? null : value] as const]
  })
  return entries.length === 0 ? null : Object.fromEntries(entries)
}

interface Row {
  readonly publisher: Publisher
  /** Null: all for which nothing else is set. */
  readonly watched: WatchedSubscription | null
  readonly compensation: SeenCompensation
}

function rowsOf(publishers: readonly Publisher[], subscription: string | null): readonly Row[] {
  return publishers.flatMap((publisher) => {
    const own = publisher.subscriptions
      .filter((watched) => watched.subscription.retired === null)
      .filter((watched) => subscription === null || watched.subscription.name === subscription)
      .map((watched) => ({ publisher, watched, compensation: watched.compensation }))
    return subscription === null ? [{ publisher, watched: null, compensation: publisher.compensation }, ...own] : own
  })
}

function rowOf(publisher: Publisher, subscription: string | null): Row {
  const watched = publisher.subscriptions.find((each) => each.subscription.name === subscription) ?? null
  return { publisher, watched, compensation: watched?.compensation ?? publisher.compensation }
}

/** A line for each setting: what it is in effect now, and what is set. */
function changeWords(changes: CompensationChanges, before: readonly Row[]): readonly string[] {
  return settingNames.flatMap((name) => {
    const value = changes[name]
    if (value === undefined) return []
    const shown = value === null ? DEFAULT : showSetting(name, value as never)
    const now = before.map(({ compensation: { inEffect } }) =>
      inEffect === null ? '?' : showSetting(name, inEffect.settings[name] as never),
    )
    return [`${settingWords[name].name}: ${[...new Set(now)].join(', ')} → ${shown}`]
  })
}

function resetWords(before: readonly Row[]): readonly string[] {
  const set = before.map(({ compensation }) => showOverride(compensation)).filter((text) => text !== '')
  return set.length === 0 ? ['nothing is set'] : set.map((text) => `no longer set: ${text}`)
}

const columns: readonly Column<Row>[] = [
  { heading: 'for', cell: ({ watched }) => watched?.subscription.name ?? 'all' },
  ofSettings('compensation', ({ mode }) => mode),
  ofSettings('budget', ({ share, minPerSecond }) => `${percent(share)}, ${perSecond(minPerSecond)}`),
  { heading: 'allowed now', cell: ({ compensation }) => allowedWords(compensation) },
  { heading: 'resent 1 min', cell: ({ compensation }) => compensation.resent.lastMinute, align: 'right' },
  { heading: 'resent 1 h', cell: ({ compensation }) => compensation.resent.lastHour, align: 'right' },
  ofSettings(
    'breaker opens',
    ({ maxMissingShare, minMissing, maxUnansweredMs }) =>
      `over ${percent(maxMissingShare)} and ${minMissing}, after ${showDuration(maxUnansweredMs)}`,
  ),
  { heading: 'breaker', cell: ({ watched }) => (watched === null ? '' : breakerWords(watched)) },
  { heading: 'set', cell: ({ compensation }) => showOverride(compensation) },
  { heading: 'store', cell: ({ publisher }) => publisher.label },
]

function ofSettings(heading: string, show: (settings: CompensationSettings) => string): Column<Row> {
  return {
    heading,
    cell: ({ compensation: { inEffect } }) => (inEffect === null ? '?' : show(inEffect.settings)),
  }
}

function allowedWords({ perSecond: allowed, inEffect }: SeenCompensation): string {
  if (allowed === null) return '?'
  return inEffect?.hasOwnBudget === true ? `${perSecond(allowed)} of its own` : perSecond(allowed)
}

function breakerWords({ proof: { breaker, order } }: WatchedSubscription): string {
  const told = order === null ? null : orderWords(order)
  // While nothing is missing it is closed all the same, which is not what to read first.
  if (told !== null && order?.order === 'hold') return breaker === null ? told : `open: ${told}`
  const state = breaker === null ? 'closed' : `open: ${breaker.reason}`
  return told === null ? state : `${state}; ${told}`
}

function documentOf({ publisher, watched, compensation }: Row): unknown {
  const breaker = watched?.proof.breaker ?? null
  return {
    store: publisher.label,
    subscription: watched?.subscription.name ?? null,
    ...compensationDocument(compensation),
    breaker:
      breaker === null
        ? null
        : { openedAt: new Date(breaker.openedMs).toISOString(), cause: breaker.cause, reason: breaker.reason },
    order: watched === null ? null : orderDocument(watched.proof),
  }
}

function numberOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string): Given<number> => {
    if (text === DEFAULT) return DEFAULT
    if (/^\d{1,9}(\.\d{1,4})?$/.test(text)) return Number(text)
    throw new InvalidArgumentError(`It must be a number from 0, or "${DEFAULT}".`)
  })
}

function periodMs(text: string): Given<number> {
  if (text === DEFAULT) return DEFAULT
  const ms = parsePeriodMs(text)
  if (ms !== undefined && ms > 0) return ms
  throw new InvalidArgumentError(`It must be like 90s, 5m, 2h, or "${DEFAULT}".`)
}
