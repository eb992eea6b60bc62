import type { BreakerOrder } from '@warren/bus'
import { orderBreaker } from '@warren/bus/operate'
import type { OrderedAt } from '@warren/bus/operate'
import { Argument } from 'commander'
import type { Command } from 'commander'
import { actor } from '../../actor.ts'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { noteWhoIsAway } from './note-who-is-away.ts'
import { needPublishers, needSubscription } from './publishers.ts'

interface BreakerOptions extends StoreOptions {
  readonly dryRun?: true
  readonly yes?: true
}

type Action = BreakerOrder | 'release'

const effects: Readonly<Record<Action, string>> = {
  hold: 'nothing is resent to it until somebody releases or closes it',
  close: 'what it misses now is resent within the budget, however much it is',
  try: 'a few of what it misses are resent, and the rest when they arrive',
  release: 'what it was told is forgotten, and it decides by itself',
}

export function addReconcileBreaker(parent: Command): void {
  parent
    .command('breaker')
    .summary('hold the breaker of a subscription open, close it, or have it try again')
    .description(
      'Tells the breaker of a subscription, at each publisher that knows it, what to do; a process that reconciles obeys within a second. "hold": nothing is resent until it is released or closed. "close": what is missing now is resent, however much it is; over as soon as nothing is. "try": a few are resent whatever came of the last trial, and the rest when they arrive. "release": forgets what it was told. None overrules the mode "off", or that no barrier is answered. Written down in the action log.',
    )
    .addArgument(new Argument('<action>', 'what it is to do').choices(Object.keys(effects)))
    .argument('<name>', 'the subscription')
    .option('--dry-run', 'say what it does, and change nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren reconcile breaker hold order.crm\n  $ warren reconcile breaker close order.crm --yes',
    )
    .action(breaker)
}

async function breaker(action: Action, name: string, options: BreakerOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const publishers = await needPublishers(stores)
    await needSubscription(publishers, name)
    const knowing = publishers.filter(({ subscriptions }) =>
      subscriptions.some(({ subscription }) => subscription.name === name),
    )
    const missing = knowing
      .flatMap(({ subscriptions }) => subscriptions.filter(({ subscription }) => subscription.name === name))
      .reduce((sum, { proof }) => sum + proof.counts.missing, 0)
    const described = `${name} misses ${counted(missing, 'event')}; ${effects[action]}`
    if (options.dryRun === true) {
      session.output.result({ subscription: name, action, missing, isDryRun: true, stores: [] }, () => described)
      return
    }
    await confirm(`${described}. ${action} it?`, options)
    const order = action === 'release' ? null : action
    const outcomes = await orderBreaker(stores, name, order, actor(session.env))
    session.output.result({ subscription: name, action, missing, isDryRun: false, stores: outcomes }, () =>
      outcomes.map(({ store, kind }) => `${words(kind, name, action)} (store ${store})`).join('\n'),
    )
    noteWhoIsAway(session.output, knowing)
  })
}

function words(kind: OrderedAt['kind'], name: string, action: Action): string {
  return {
    ordered: `the breaker of ${name} is told: ${effects[action]}`,
    'is-so': `nothing changed: the breaker of ${name} was told that before`,
    'is-closed': `nothing changed: the breaker of ${name} is closed`,
    'not-ordered': `nothing changed: the breaker of ${name} was told nothing`,
  }[kind]
}
