import * as z from 'zod'
import type { ResourceKind } from './kind.ts'
import { parameterKind, type ParameterValue } from './parameter.ts'

/** With the plugin's own keys. Credentials in `uri` come from a variable: `amqps://link:${LINK_PASSWORD}@dc2`. */
export interface UpstreamSpec {
  readonly uri: string | readonly string[]
  readonly [key: string]: unknown
}

/** The upstreams of a set, each with what differs from the upstream itself. */
export interface UpstreamSetMember {
  readonly upstream: string
  readonly [key: string]: unknown
}

export interface FederationSection {
  readonly federationUpstreams?: Readonly<Record<string, UpstreamSpec>>
  readonly federationUpstreamSets?: Readonly<Record<string, readonly UpstreamSetMember[]>>
}

const common = {
  exchange: z.string().exactOptional().describe('The exchange over there; default: of the same name.'),
  queue: z.string().exactOptional().describe('The queue over there; default: of the same name.'),
  'prefetch-count': z.int().positive().exactOptional().describe('Unacknowledged messages on the link. Default 1000.'),
  'reconnect-delay': z.number().positive().exactOptional().describe('Seconds.'),
  'max-hops': z
    .int()
    .positive()
    .exactOptional()
    .describe('How many federated exchanges a message may pass. Default 1.'),
  expires: z
    .int()
    .positive()
    .exactOptional()
    .describe('Milliseconds that the upstream keeps its queue without a link.'),
  'message-ttl': z
    .int()
    .nonnegative()
    .exactOptional()
    .describe('Milliseconds that a message may wait in that queue while the link is down. Default: for ever.'),
  'ack-mode': z.enum(['on-confirm', 'on-publish', 'no-ack']).exactOptional().describe('`on-confirm` loses nothing.'),
  'trust-user-id': z.boolean().exactOptional().describe('Passes the user id of messages on. Default false.'),
  'resource-cleanup-mode': z
    .enum(['default', 'never'])
    .exactOptional()
    .describe('`never`: what the link made over there stays when the link goes.'),
  'queue-type': z
    .enum(['classic', 'quorum'])
    .exactOptional()
    .describe('Of the queue that waits over there. Default `classic`.'),
  'channel-use-mode': z
    .enum(['multiple', 'single'])
    .exactOptional()
    .describe('Whether publishing and acknowledging have channels of their own. Default `multiple`.'),
  'consumer-tag': z.string().exactOptional().describe('Of the consumer of a federated queue.'),
  'bind-nowait': z.boolean().exactOptional().describe('Binds over there without waiting for answers. Default false.'),
}

const uri = z.union([z.string(), z.array(z.string()).min(1)])
const upstream = z.strictObject({ uri: uri.describe('`amqp://` or `amqps://`; one or several.'), ...common })
const set = z
  .array(
    z.strictObject({
      upstream: z.string().describe('One of `federationUpstreams`, by name.'),
      uri: uri.exactOptional().describe('In place of that of the upstream.'),
      ...common,
    }),
  )
  .min(1)

export const upstreamKind: ResourceKind<ParameterValue> = parameterKind({
  kind: 'federation-upstream',
  component: 'federation-upstream',
  section: {
    at: 'vhost',
    name: 'federationUpstreams',
    schema: z
      .record(z.string().min(1), upstream)
      .describe('Brokers that messages come from, by name; a policy says for what.'),
  },
  wanted: ({ federationUpstreams = {} }) => federationUpstreams,
})

export const upstreamSetKind: ResourceKind<ParameterValue> = parameterKind({
  kind: 'federation-upstream-set',
  component: 'federation-upstream-set',
  section: {
    at: 'vhost',
    name: 'federationUpstreamSets',
    schema: z.record(z.string().min(1), set).describe('Upstreams that are used together, by name.'),
  },
  wanted: ({ federationUpstreamSets = {} }) => federationUpstreamSets,
})
