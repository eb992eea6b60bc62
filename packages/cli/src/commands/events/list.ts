import type { Catalog, CatalogEvent, LintedSubscription } from '@warren/bus'
import { lint, matches } from '@warren/bus'
import type { Command } from 'commander'
import { CliError } from '../../errors.ts'
import type { Session } from '../../session.ts'
import { sessionOf } from '../../session.ts'
import type { Column } from '../../table.ts'
import { clipped, table } from '../../table.ts'
import { configuredSubscriptions } from './subscriptions.ts'

interface ListOptions {
  readonly match?: string
}

export function addEventsList(parent: Command): void {
  parent
    .command('list')
    .summary('the events of the catalog and who subscribes to them')
    .description('Shows the events of the catalog, scoped forms included, and the subscriptions that take each.')
    .option('-m, --match <pattern>', 'events that this AMQP topic pattern matches')
    .addHelpText('after', "\nExample:\n  $ warren events list --match '#.delivery.*'")
    .action(list)
}

interface Row extends CatalogEvent {
  readonly subscribers: readonly string[]
}

async function list(options: ListOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const catalog = await session.need('catalog')
  const subscriptions = await configuredSubscriptions(session)
  const { match } = options
  const chosen = match === undefined ? catalog.events : matching(session, catalog, match)
  const events = chosen.map((event) => ({ ...event, subscribers: subscribersOf(event, subscriptions) }))
  session.output.result({ events }, () => (events.length === 0 ? 'no events' : table(columns, events)))
}

/** Throws PATTERN_INVALID; a pattern that matches nothing is answered with one that does. */
function matching(session: Session, catalog: Catalog, pattern: string): readonly CatalogEvent[] {
  const findings = lint(catalog, [{ name: '--match', patterns: [pattern] }])
  const error = findings.find(({ level }) => level === 'error')
  const advice = error?.suggestion === undefined ? '' : `; did you mean '${error.suggestion}'?`
  if (error?.rule === 'pattern-invalid')
    throw new CliError('PATTERN_INVALID', error.message.replace(' of subscription "--match"', ''))
  if (error !== undefined) session.output.note(`'${pattern}' matches no event${advice}`)
  return catalog.matching([pattern])
}

function subscribersOf(event: CatalogEvent, subscriptions: readonly LintedSubscription[]): readonly string[] {
  return subscriptions
    .filter(({ patterns }) => patterns.some((pattern) => matches(pattern, event.name)))
    .map(({ name }) => name)
}

const columns: readonly Column<Row>[] = [
  { heading: 'event', cell: (row) => row.name },
  { heading: 'entity', cell: (row) => row.entity },
  { heading: 'optional', cell: (row) => (row.isOptional ? 'yes' : '') },
  { heading: 'subscribers', cell: (row) => row.subscribers.join(' ') },
  { heading: 'description', cell: (row) => clipped(row.description ?? '') },
]
