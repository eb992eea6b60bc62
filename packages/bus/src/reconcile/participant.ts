import type { Connection } from '../amqp/connection.ts'
import type { BrokerNames } from '../amqp/names.ts'
import type { Publisher } from '../amqp/publisher.ts'
import { readQueueDepth } from '../amqp/queue-depth.ts'
import type { Control, ControlContext } from '../inbox/runner.ts'
import type { Logger } from '../logger.ts'
import { Announcer } from './announcer.ts'
import { Responder } from './responder.ts'
import type { ReconcileSettings } from './settings.ts'

export interface ParticipantOptions {
  readonly service: string
  readonly publisher: Publisher
  readonly connection: Connection
  readonly names: BrokerNames
  readonly settings: ReconcileSettings
  /** What an inbox remembers. */
  readonly maxAgeMs: number
  readonly logger: Logger
}

/** The subscriber's side of reconciliation: announces one subscription, and answers its barriers. */
export function participant(options: ParticipantOptions, context: ControlContext): Control {
  const { service, publisher, connection, names, settings, maxAgeMs, logger } = options
  const { subscription, queue, store, inHand, declare, pause, isStanding } = context
  const announcer = new Announcer({
    service,
    subscription,
    queue,
    subscriptions: store.subscriptions,
    publisher,
    names,
    isStanding,
    pause,
    intervalMs: settings.announceMs,
    maxAgeMs,
    logger,
  })
  const responder = new Responder({
    service,
    subscription: subscription.name,
    receipts: store.reconciliation.receipts,
    publisher,
    controlExchange: names.controlExchange,
    inHand,
    standing: () => announcer.standing(),
    countDeadLetters: async () => {
      const model = connection.current
      const depth = model === null ? 'unknown' : await readQueueDepth(model, names.deadQueue(subscription.name))
      return typeof depth === 'object' ? depth.messageCount : null
    },
    declare,
    logger,
    reportMs: settings.reportMs,
  })
  return { responder, announcer }
}
