import { expect, it } from 'vitest'
import type { Delivery } from '../amqp/consumer.ts'
import { InHand } from './in-hand.ts'

const told: string[] = []

function delivery(): Delivery {
  return {
    message: { body: Buffer.alloc(0), fields: { exchange: '', routingKey: '', redelivered: false }, properties: {} },
    redelivered: false,
    deliveryCount: 0,
    ack: () => told.push('ack'),
    requeue: () => told.push('requeue'),
    reject: () => told.push('reject'),
  }
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  return (await Promise.race([promise, Promise.resolve('pending')])) === 'pending'
}

it('is settled at once when nothing is in hand', async () => {
  expect(await new InHand().settled()).toBe(true)
})

it('waits for what came before, and for nothing that came after', async () => {
  const inHand = new InHand()
  const first = inHand.take(delivery())
  const second = inHand.take(delivery())
  const settled = inHand.settled()
  inHand.take(delivery())
  second.ack()
  expect(await isPending(settled)).toBe(true)
  first.ack()
  expect(await settled).toBe(true)
})

it.each(['requeue', 'reject'] as const)('knows nothing after a %s of what came before', async (way) => {
  const inHand = new InHand()
  const first = inHand.take(delivery())
  const settled = inHand.settled()
  first[way]()
  expect(await settled).toBe(false)
})

it('does not mind what is given back of what came after', async () => {
  const inHand = new InHand()
  const first = inHand.take(delivery())
  const settled = inHand.settled()
  inHand.take(delivery()).requeue()
  first.ack()
  expect(await settled).toBe(true)
})

it('knows nothing when the channel is lost', async () => {
  const inHand = new InHand()
  const first = inHand.take(delivery())
  const settled = inHand.settled()
  inHand.lose()
  expect(await settled).toBe(false)
  first.ack()
  expect(await inHand.settled()).toBe(true)
})

it('passes on what becomes of a delivery', () => {
  told.length = 0
  const inHand = new InHand()
  for (const way of ['ack', 'requeue', 'reject'] as const) inHand.take(delivery())[way]()
  expect(told).toEqual(['ack', 'requeue', 'reject'])
})
