import type { Ghost } from '@warren/bus'
import { readDeliveries, readMessage, readStores } from '@warren/bus/operate'
import type { Delivery, StoreRow } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Argument } from 'commander'
import { messageId, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { properties, section } from '../../table.ts'
import { showMoment } from '../../times.ts'
import { unknownMessage } from '../messages/find.ts'
import { describePublished } from '../messages/trace.ts'
import { causeInWords, stateInWords } from './explanations.ts'

export function addReconcileExplain(parent: Command): void {
  parent
    .command('explain')
    .summary('why an event is missing, and what that rests on')
    .description(
      'Says of one event what its publisher knows, for each subscription: received or missing, with the cause, the evidence for it, and every step since; or why it is not expected there.',
    )
    .addArgument(new Argument('<id>', 'the message id').argParser(messageId))
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren reconcile explain 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa')
    .action(explain)
}

async function explain(id: string, options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const found = await readMessage(stores, id)
    const ghosts = await readStores(stores, (store) => store.reconciliation.missing.ghosts({ id }))
    if (found.sent.length + found.received.length + ghosts.length === 0) throw unknownMessage(stores, id)
    const deliveries = await readDeliveries(stores, found)
    const published = found.sent.map(({ payload: _, headers: __, ...sent }) => sent)
    const document = {
      id,
      published,
      deliveries: deliveries.map((delivery) => ({ ...delivery, explanation: stateInWords(delivery) })),
      ghosts: ghosts.map(ghostDocument),
    }
    session.output.result(document, () =>
      [
        section('Published', describePublished(found.sent, stores)),
        ...deliveries.map((delivery) => section(delivery.subscription, describe(delivery))),
        ...ghosts.map((ghost) => section(`${ghost.subscription}: a ghost`, describeGhost(ghost))),
      ].join('\n\n'),
    )
    const resendable = deliveries.filter(({ missed }) => missed?.state === 'missing' || missed?.state === 'gave-up')
    if (resendable.length > 0) session.output.note(`To send it again: warren reconcile resend ${id}`)
  })
}

function describe(delivery: Delivery): string {
  const { state, missed, receivedAt, settledAt, attempts, dueAt, error } = delivery
  const moment = (name: string, time: Date | null): readonly (readonly [string, string])[] =>
    time === null ? [] : [[name, showMoment(time)]]
  const steps =
    missed === null
      ? []
      : [
          ...(missed.cause === null ? [] : [['cause', causeInWords(missed.cause)] as const]),
          ...Object.entries(missed.evidence ?? {}).map(
            ([name, fact]) => [`  ${name}`, typeof fact === 'object' ? fact.join(' ') : String(fact)] as const,
          ),
          ...moment('suspected', missed.suspectedAt),
          ...moment('confirmed', missed.confirmedAt),
          ['resends', String(missed.resends)] as const,
          ...(missed.error === null ? [] : [['last resend', missed.error] as const]),
          ...moment('next resend', missed.dueAt),
          ...moment('asked for', missed.requestedAt),
          ...moment(missed.state, missed.settledAt),
          ...(missed.settledBy === null ? [] : [['by', missed.settledBy] as const]),
        ]
  return properties([
    ['state', `${state}: ${stateInWords(delivery)}`],
    ...moment('received', receivedAt),
    ...moment('settled', settledAt),
    ...(attempts === null ? [] : [['attempts', attempts] as const]),
    ...moment('due', dueAt),
    ...(error === null ? [] : [['error', error] as const]),
    ...steps,
  ])
}

function describeGhost({ name, foundMs }: Ghost): string {
  return properties([
    ['event', name],
    ['found', showMoment(new Date(foundMs))],
    ['meaning', 'it was received as an event of this service, whose ledger does not have it'],
  ])
}

function ghostDocument({ store, subscription, name, foundMs }: StoreRow<Ghost>): unknown {
  return { store, subscription, name, foundAt: new Date(foundMs) }
}
