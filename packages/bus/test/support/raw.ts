import { connect } from 'amqplib'
import type { Options } from 'amqplib'
import { onTestFinished } from 'vitest'

/** A plain amqplib channel with confirms: a foreign publisher or consumer. Closed when the test ends. */
export async function rawChannel(
  endpoints: readonly string[],
): Promise<Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createConfirmChannel']>>> {
  const connection = await connect(endpoints[0] ?? '')
  connection.on('error', () => undefined)
  const channel = await connection.createConfirmChannel()
  channel.on('error', () => undefined)
  onTestFinished(async () => {
    await connection.close().catch(() => undefined)
  })
  return channel
}

/** Publishes with the least that a foreign service has to write. */
export async function rawPublish(
  channel: Awaited<ReturnType<typeof rawChannel>>,
  exchange: string,
  name: string,
  body: unknown,
  properties: Options.Publish = {},
): Promise<void> {
  const content = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body))
  channel.publish(exchange, name, content, {
    messageId: crypto.randomUUID(),
    type: name,
    persistent: true,
    ...properties,
  })
  await channel.waitForConfirms()
}
