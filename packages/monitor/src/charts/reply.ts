import { z } from 'zod'
import { time } from '../reads/pages.ts'
import { problem } from './problem.ts'
import { rangeNames } from './range.ts'

const series = z
  .array(z.number().nullable())
  .meta({ description: 'a value for each of `times`; null where nothing was measured' })

const head = {
  at: time,
  range: z.enum(rangeNames),
  times: z
    .array(z.number())
    .meta({ description: 'when each bucket ended, in milliseconds since the epoch; the last one may be now' }),
}

const percentiles = z
  .object({
    p50: series,
    p95: series,
    p99: series,
    samples: z.number().meta({ description: 'deliveries that they rest on' }),
  })
  .meta({
    description:
      'milliseconds from publish() to the start of the transaction that handled the event, by when it was published; of a bounded sample of the newest deliveries of each part of a bucket',
  })

const failed = series.meta({
  description: 'deliveries a second that failed and are not handled by now, by when their events were published',
})

export const chartsReply = z.object({
  ...head,
  flow: z.object({
    published: series.meta({ description: "messages a second into the vhosts, by the broker; Warren's own included" }),
    handled: series.meta({ description: "messages a second that consumers acknowledged; Warren's own included" }),
    failed,
  }),
  latency: percentiles.extend({
    subscriptions: z.object({ read: z.number(), of: z.number() }).meta({ description: 'whose inboxes are sampled' }),
  }),
  lag: z.object({
    all: series.meta({ description: 'messages in all queues of the vhosts' }),
    queues: z.array(
      z.object({
        subscription: z.string(),
        queue: z.string(),
        cluster: z.string(),
        waiting: z.number().nullable().meta({ description: 'messages that nobody was given, now' }),
        inHand: z.number().nullable().meta({ description: 'messages that consumers have not acknowledged, now' }),
        waitingSince: time
          .nullable()
          .meta({ description: 'since when the oldest question waits behind the events in its queue' }),
        series: series
          .nullable()
          .meta({ description: 'waiting and in hand; null but for the eight queues in which there is most' }),
      }),
    ),
  }),
  problems: z.array(problem),
})

export const subscriptionChartsReply = z.object({
  ...head,
  queue: z.string(),
  latency: percentiles.nullable().meta({ description: 'null when its own store is none of those that are looked at' }),
  flow: z.object({ handled: series, failed }),
  lag: z.object({ waiting: series, inHand: series }),
  handlingMs: z
    .number()
    .nullable()
    .meta({ description: 'how long a delivery is in the hands of a consumer, on average of the range' }),
  problems: z.array(problem),
})

export const consumersReply = z.object({
  queue: z.string(),
  consumers: z
    .array(
      z.object({
        tag: z.string(),
        channel: z.string(),
        connection: z.string(),
        user: z.string().nullable(),
        node: z.string().nullable(),
        prefetch: z.number(),
        acknowledges: z.boolean(),
        isActive: z.boolean().meta({ description: 'false for one that waits until the single active one goes' }),
      }),
    )
    .nullable()
    .meta({ description: 'null when no broker says' }),
  problems: z.array(problem),
})

export type ChartsReply = z.infer<typeof chartsReply>
export type SubscriptionChartsReply = z.infer<typeof subscriptionChartsReply>
export type ConsumersReply = z.infer<typeof consumersReply>
