import type { Command } from 'commander'
import { matches } from '@warren/bus'
import { sessionOf } from '../../session.ts'
import { properties, section } from '../../table.ts'
import { configuredSubscriptions } from './subscriptions.ts'

export function addEventsShow(parent: Command): void {
  parent
    .command('show')
    .summary('one event: what it means, what its payload looks like, who takes it')
    .description('Shows one event of the catalog, with the JSON Schema of its payload and the patterns that take it.')
    .argument('<name>', 'the name of the event')
    .addHelpText('after', '\nExample:\n  $ warren events show order.payment.onPaid')
    .action(show)
}

async function show(name: string, _options: object, command: Command): Promise<void> {
  const session = sessionOf(command)
  const catalog = await session.need('catalog')
  // Throws EVENT_UNKNOWN, with the name that was perhaps meant.
  const schema = catalog.jsonSchema(name)
  const event = catalog.find(name)
  const subscribers = (await configuredSubscriptions(session))
    .map((subscription) => ({
      name: subscription.name,
      patterns: subscription.patterns.filter((pattern) => matches(pattern, name)),
    }))
    .filter(({ patterns }) => patterns.length > 0)
  session.output.result({ ...event, subscribers, schema }, () =>
    [
      properties([
        ['event', name],
        ['entity', `${event?.entity ?? ''}, known by ${event?.identity ?? ''}`],
        ['description', event?.description ?? ''],
        ['ordered', event?.isOrdered === true ? 'yes' : 'no'],
        ['optional', event?.isOptional === true ? 'yes' : 'no'],
        ['subscribers', subscribers.map((each) => `${each.name} (${each.patterns.join(' ')})`).join(', ')],
      ]),
      schema === null
        ? 'The library of its schema does not say it as JSON Schema.'
        : section('Payload', JSON.stringify(schema, null, 2)),
    ].join('\n\n'),
  )
}
