import type { Channel } from 'amqplib'
import { takeSnapshot } from './snapshots.ts'
import type { Stage, SubscriptionName } from './stage.ts'
import { wanted } from './stage.ts'
import type { Fault } from './verdict.ts'

/** What is done to the shop, and what has to be found because of it. */
export type Act = (stage: Stage) => Promise<Fault>

/** Everything that waits in a queue is purged while its service is away. */
export function purge(subscription: SubscriptionName, count: number): Act {
  return async (stage) => {
    const ids = await takeAllOf(stage, subscription, count, (channel, queue) => channel.purgeQueue(queue))
    return { kind: 'queue purged', subscription, cause: 'removed', ids }
  }
}

/** A consumer that nobody knows takes messages and acknowledges them. */
export function rob(subscription: SubscriptionName, count: number): Act {
  return async (stage) => {
    const taken: string[] = []
    await whileAway(stage, subscription, async () => {
      await stage.place(count, 'paid')
      await stage.sent()
      await stage.waits(subscription, count)
      await stage.onChannel(async (channel) => {
        while (taken.length < count) {
          const message = await channel.get(stage.queueOf(subscription), { noAck: false })
          if (message === false) break
          const isBarrier = message.properties.headers?.['warren-control'] !== undefined
          if (isBarrier) channel.nack(message, false, true)
          else channel.ack(message)
          const id: unknown = message.properties.messageId
          if (!isBarrier && typeof id === 'string') taken.push(id)
        }
      })
    })
    return { kind: 'taken by a rogue consumer', subscription, cause: 'removed', ids: taken }
  }
}

/** A binding is deleted while events come that it should route. */
export function unbind(
  subscription: SubscriptionName,
  binding: { readonly exchange: string; readonly pattern: string },
  count: number,
): Act {
  return async (stage) => {
    const queue = stage.queueOf(subscription)
    await stage.onChannel((channel) => channel.unbindQueue(queue, binding.exchange, binding.pattern))
    const ids = await stage.idsOf(subscription, async () => {
      await stage.place(count, 'created', 'vip')
      await stage.sent()
    })
    return { kind: 'binding deleted', subscription, cause: 'never-routed', ids }
  }
}

/** A queue with messages in it is deleted while its service is away, which makes it anew when it comes back. */
export function deleteQueue(subscription: SubscriptionName, count: number): Act {
  return async (stage) => {
    const ids = await takeAllOf(stage, subscription, count, (channel, queue) => channel.deleteQueue(queue))
    return { kind: 'queue deleted', subscription, cause: 'queue-recreated', ids }
  }
}

/** A subscriber's database is set back to before it received what it was proven to have. */
export function rewind(subscription: SubscriptionName, count: number): Act {
  return async (stage) => {
    const name = wanted[subscription].service
    const service = stage.shop.service(name)
    await stage.proven()
    await service.stop()
    const restore = await takeSnapshot(stage.shop.databases.urls[name])
    await service.start()
    const ids = await stage.idsOf(subscription, async () => {
      await stage.place(count, 'paid')
      await stage.proven()
    })
    await service.stop()
    await stage.shop.readers[name].close()
    await restore()
    await service.start()
    return { kind: 'store set back', subscription, cause: 'store-rewound', ids }
  }
}

/** The publisher's database is set back: what it published since is known to its subscribers alone. Returns these ids. */
export async function forget(stage: Stage, changes: number): Promise<readonly string[]> {
  const service = stage.shop.service('products')
  await stage.proven()
  await service.stop()
  const restore = await takeSnapshot(stage.shop.databases.urls.products)
  await service.start()
  const ids = await stage.idsOf('product.search', async () => {
    await stage.changePrices(changes)
    await stage.proven()
  })
  await service.stop()
  await stage.shop.readers.products.close()
  await restore()
  await service.start()
  return ids
}

/** Lets events wait in a queue whose service is away, then takes them all. Returns their ids. */
function takeAllOf(
  stage: Stage,
  subscription: SubscriptionName,
  count: number,
  take: (channel: Channel, queue: string) => Promise<unknown>,
): Promise<readonly string[]> {
  return whileAway(stage, subscription, async () => {
    const ids = await stage.idsOf(subscription, async () => {
      // One event each.
      await stage.place(count, 'created')
      await stage.sent()
      await stage.waits(subscription, count)
    })
    await stage.onChannel((channel) => take(channel, stage.queueOf(subscription)))
    return ids
  })
}

async function whileAway<T>(stage: Stage, subscription: SubscriptionName, act: () => Promise<T>): Promise<T> {
  await stage.proven()
  const service = stage.shop.service(wanted[subscription].service)
  await service.stop()
  const result = await act()
  await service.start()
  return result
}
