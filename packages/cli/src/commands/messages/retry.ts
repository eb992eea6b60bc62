import type { NamedStore } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Argument } from 'commander'
import { actor } from '../../actor.ts'
import { counted } from '../../counted.ts'
import { CliError } from '../../errors.ts'
import { messageIds, storeOption } from '../../options.ts'
import type { Session } from '../../session.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { findMessage } from './find.ts'

interface RetryOptions extends StoreOptions {
  readonly name?: string
}

export function addMessagesRetry(parent: Command): void {
  parent
    .command('retry')
    .summary('send again what the broker refused or no queue took')
    .description(
      'Makes unpublishable and unroutable events pending and due at once: the relay of the owning service sends them again. Events that are sent are left alone. One transaction per store, written down in its action log.',
    )
    .addArgument(new Argument('[ids...]', 'message ids').argParser(messageIds))
    .option('--name <event>', 'every unroutable event of this name, instead of ids')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren messages retry 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa\n  $ warren messages retry --name order.payment.onPaid',
    )
    .action(retry)
}

async function retry(ids: readonly string[] | undefined, options: RetryOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { name } = options
  if ((ids ?? []).length > 0 === (name !== undefined)) {
    throw new CliError('USAGE_INVALID', 'say which events: either message ids or --name')
  }
  await withStores(session, options, (stores) =>
    name === undefined ? retryIds(session, stores, ids ?? []) : retryName(session, stores, name),
  )
}

/** All ids are looked up before the first one is released. */
async function retryIds(session: Session, stores: readonly NamedStore[], ids: readonly string[]): Promise<void> {
  const found = await Promise.all(ids.map((id) => findMessage(stores, id)))
  let retried = 0
  for (const { label, store } of stores) {
    const waiting = found.filter(({ sent }) => sent.some((each) => each.store === label && each.state !== 'sent'))
    if (waiting.length > 0)
      retried += await store.messages.retry({ ids: waiting.map(({ id }) => id) }, actor(session.env))
  }
  const leftAlone = found.filter(({ sent }) => sent.every(({ state }) => state === 'sent')).map(({ id }) => id)
  session.output.result({ retried, leftAlone }, () => `${count(retried)} pending again`)
  for (const id of leftAlone) session.output.note(`${id} is sent or was published elsewhere: nothing to do here`)
}

async function retryName(session: Session, stores: readonly NamedStore[], name: string): Promise<void> {
  let retried = 0
  for (const { store } of stores) retried += await store.messages.retry({ name }, actor(session.env))
  session.output.result({ retried, leftAlone: [] }, () => `${count(retried)} pending again`)
}

function count(events: number): string {
  return `${counted(events, 'event')} ${events === 1 ? 'is' : 'are'}`
}
