import type { ChannelModel } from 'amqplib'
import { answerOf, closeChannel, openChannel } from './channel.ts'
import { replyCodeOf } from './reply.ts'

const NOT_FOUND = 404

export interface QueueDepth {
  /** Ready to be delivered; what consumers hold is not in it. */
  readonly messageCount: number
  readonly consumerCount: number
}

/** Asks for a queue by name, on a channel of its own, which a refusal closes. Needs no permission. Never rejects. */
export async function readQueueDepth(model: ChannelModel, queue: string): Promise<QueueDepth | 'absent' | 'unknown'> {
  try {
    const channel = await openChannel(model)
    const { messageCount, consumerCount } = await answerOf(channel.checkQueue(queue), `look at "${queue}"`)
    await closeChannel(channel)
    return { messageCount, consumerCount }
  } catch (error) {
    return replyCodeOf(error) === NOT_FOUND ? 'absent' : 'unknown'
  }
}
