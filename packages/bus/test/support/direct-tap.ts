import type { ConsumeMessage } from 'amqplib'
import { controlKind } from '../../src/envelope/control.ts'
import { RESENT_HEADER } from '../../src/outbox/resend.ts'
import { rawChannel } from './raw.ts'

export interface DirectTap {
  readonly resends: () => number
  readonly barriers: () => number
}

/** Counts, on the broker, what goes to one queue through the direct exchange from now on. */
export async function tapDirect(endpoints: readonly string[], queue: string): Promise<DirectTap> {
  const channel = await rawChannel(endpoints)
  await channel.assertExchange('ex.warren.direct', 'direct', { durable: true })
  const { queue: copies } = await channel.assertQueue('', { exclusive: true, autoDelete: true })
  await channel.bindQueue(copies, 'ex.warren.direct', queue)
  let resends = 0
  let barriers = 0
  const count = (copy: ConsumeMessage | null) => {
    if (copy === null) return
    const { content: body, properties } = copy
    if (controlKind({ body, properties }) === 'barrier') barriers += 1
    else if (properties.headers?.[RESENT_HEADER] === queue) resends += 1
  }
  await channel.consume(copies, count, { noAck: true })
  return { resends: () => resends, barriers: () => barriers }
}
