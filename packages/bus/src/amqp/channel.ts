import type { Channel, ChannelModel } from 'amqplib'

// A queue whose leader does not answer (no majority, an election) blocks the channel that speaks of it inside the
// broker, while its node and all other channels are well.
const CLOSE_TIMEOUT_MS = 1_000
const REQUEST_TIMEOUT_MS = 10_000

/** A channel for requests, whose refusals are read from the requests themselves. */
export async function openChannel(model: ChannelModel): Promise<Channel> {
  const channel = await model.createChannel()
  // amqplib emits the refusal here as well as rejecting the request with it; with no listener the process would end.
  channel.on('error', () => undefined)
  return channel
}

/**
 * Closes the channel and resolves when it is closed: by this, before, or because the connection is lost, when the promise
 * of amqplib's own close() is never settled. A channel that is blocked in the broker is left behind after 1 s.
 */
export function closeChannel(channel: Channel): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS)
    const end = (): void => {
      clearTimeout(timer)
      resolve()
    }
    channel.once('close', end)
    channel.close().catch(end)
  })
}

/** The answer, or an error when none came within 10 s; then the channel is of no more use. */
export async function answerOf<T>(request: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    const error = new Error(`the broker did not answer within ${REQUEST_TIMEOUT_MS / 1000} s when asked to ${what}`)
    timer = setTimeout(() => reject(error), REQUEST_TIMEOUT_MS)
  })
  try {
    return await Promise.race([request, deadline])
  } finally {
    clearTimeout(timer)
  }
}
