import { changePause } from '@warren/bus/operate'
import type { Command } from 'commander'
import { actor } from '../../actor.ts'
import { CliError } from '../../errors.ts'
import { storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { showTime } from '../../times.ts'

const words = {
  pause: {
    summary: 'let a subscription handle nothing until it is resumed',
    description:
      "Writes into the store of the subscriber that the subscription is paused. Each instance of its service sees it within a second: handlers that run finish, nothing new begins, retries wait, and events stay in the queue, also when the service is started anew. Written down in the store's action log.",
  },
  resume: {
    summary: 'let a subscription that is paused go on',
    description:
      "Ends a pause: each instance of the service sees it within a second and goes on with what waits. Written down in the store's action log.",
  },
} as const

/** `warren subscriptions pause` and `resume` differ in one word. */
export function addSubscriptionsPause(parent: Command, action: 'pause' | 'resume'): void {
  const { summary, description } = words[action]
  parent
    .command(action)
    .summary(summary)
    .description(description)
    .argument('<name>', 'the subscription')
    .addOption(storeOption())
    .addHelpText('after', `\nExample:\n  $ warren subscriptions ${action} order.crm --store crm`)
    .action((name: string, options: StoreOptions, command: Command) => change(action, name, options, command))
}

async function change(
  action: 'pause' | 'resume',
  name: string,
  options: StoreOptions,
  command: Command,
): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const changes = await changePause(stores, name, action, actor(session.env))
    if (changes.length === 0) {
      throw new CliError(
        'SUBSCRIPTION_UNKNOWN',
        `none of these stores is that of a service with a subscription "${name}" and an inbox; "warren subscriptions list" shows those that are, and --store names another`,
      )
    }
    session.output.result({ name, action, stores: changes }, () =>
      changes
        .map(({ pause, isChanged }) => {
          const state = pause === null ? 'not paused' : `paused ${showTime(pause.at)} by ${pause.by}`
          return isChanged ? `${name} is ${pause === null ? 'resumed' : state}` : `nothing changed: ${name} is ${state}`
        })
        .join('\n'),
    )
  })
}
