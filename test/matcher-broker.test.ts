import { type Channel, connect } from 'amqplib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { matches } from '../packages/bus/src/catalog/pattern.ts'
import { testVhost } from './support/broker.ts'

// Three words, so that patterns and names meet often; and what the broker takes though Warren refuses it: empty words,
// and wildcards glued to letters, which are ordinary words.
const word = fc.constantFrom('order', 'vip', 'onPaid')
const oddWord = fc.constantFrom('', 'vip*', '#vip', '##')
const nameWord = fc.oneof({ weight: 12, arbitrary: word }, { weight: 1, arbitrary: oddWord })
const patternWord = fc.oneof(
  { weight: 8, arbitrary: nameWord },
  { weight: 4, arbitrary: fc.constant('*') },
  { weight: 4, arbitrary: fc.constant('#') },
)
const dotted = (words: fc.Arbitrary<string>) =>
  fc.array(words, { minLength: 1, maxLength: 6 }).map((list) => list.join('.'))
const patternList = fc.uniqueArray(dotted(patternWord), { minLength: 25, maxLength: 40, size: 'max' })
const nameList = fc.uniqueArray(dotted(nameWord), { minLength: 60, maxLength: 100, size: 'max' })

let channel: Channel
let close = () => Promise.resolve()

beforeAll(async () => {
  const { amqpUrls, drop } = await testVhost()
  const connection = await connect(amqpUrls[0] ?? '')
  channel = await connection.createChannel()
  close = async () => {
    await connection.close()
    await drop()
  }
}, 300_000)
afterAll(() => close())

// A failure prints a seed and a path: MATCHER_SEED=… and MATCHER_PATH=… run that very case again.
const { MATCHER_SEED: seed, MATCHER_PATH: path } = process.env
const replay = { ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) }

test('matches() says what topic bindings of a real broker do', async () => {
  const seen = { pairs: 0, matching: 0 }
  await fc.assert(
    fc.asyncProperty(patternList, nameList, async (patterns, names) => {
      const taken = await takenByBroker(patterns, names)
      const pairs = patterns.flatMap((pattern, index) =>
        names.map((name) => ({ pattern, name, broker: taken[index]?.has(name), warren: matches(pattern, name) })),
      )
      seen.pairs += pairs.length
      seen.matching += pairs.filter((pair) => pair.broker).length
      expect(pairs.filter((pair) => pair.broker !== pair.warren)).toEqual([])
    }),
    // What differs is told pair by pair, so a smaller sample would tell nothing more.
    { numRuns: 6, endOnFailure: true, ...replay },
  )
  // Enough of both answers to tell a wrong matcher.
  expect(seen.matching).toBeGreaterThan(seen.pairs / 20)
  expect(seen.matching).toBeLessThan(seen.pairs / 2)
}, 180_000)

/** Binds a queue with each pattern, publishes each name once, and gives the names that came to each queue. */
async function takenByBroker(
  patterns: readonly string[],
  names: readonly string[],
): Promise<readonly ReadonlySet<string>[]> {
  // The end comes to every queue by a way of its own, after the last name: what is not there by then was not routed.
  const [topic, end] = ['matcher.topic', 'matcher.end']
  await channel.assertExchange(topic, 'topic', { durable: false })
  await channel.assertExchange(end, 'fanout', { durable: false })
  const queues = await Promise.all(patterns.map((pattern) => openQueue(topic, end, pattern)))
  for (const name of names) channel.publish(topic, name, Buffer.alloc(0))
  channel.publish(end, '', Buffer.alloc(0))
  const taken = await Promise.all(queues.map((queue) => queue.taken))
  await Promise.all(queues.map(({ name }) => channel.deleteQueue(name)))
  await channel.deleteExchange(topic)
  await channel.deleteExchange(end)
  return taken
}

interface PatternQueue {
  readonly name: string
  readonly taken: Promise<ReadonlySet<string>>
}

async function openQueue(topic: string, end: string, pattern: string): Promise<PatternQueue> {
  const { queue } = await channel.assertQueue('', { exclusive: true })
  await channel.bindQueue(queue, topic, pattern)
  await channel.bindQueue(queue, end, '')
  const { promise, resolve } = Promise.withResolvers<ReadonlySet<string>>()
  const names = new Set<string>()
  await channel.consume(
    queue,
    (message) => {
      if (message?.fields.exchange === topic) names.add(message.fields.routingKey)
      else resolve(names)
    },
    { noAck: true },
  )
  return { name: queue, taken: promise }
}
