import { api } from '@warren/cluster/management'
import type { ManagementClient } from '@warren/cluster/management'
import type { Spec, VhostSpec } from '@warren/cluster'

/** One kind in the conformance suite; `scope` is a name that nothing else on the broker has, and the vhost in use. */
export interface Case {
  readonly kind: string
  /** Where a kind has more than one case: what this one is about. */
  readonly about?: string
  /** The first version that knows of it. */
  readonly since?: string
  /** What it needs to be there, and stays. */
  readonly ground?: VhostSpec
  readonly spec: (scope: string) => Spec
  /** Changes it behind the spec's back; undefined for what can only be there or not. */
  readonly change?: (client: ManagementClient, scope: string) => Promise<unknown>
  /** Puts another thing of the same name in its place; for what the broker cannot change back. */
  readonly replace?: (client: ManagementClient, scope: string) => Promise<unknown>
  /** Removes it behind the spec's back; undefined for what is always there. */
  readonly remove?: (client: ManagementClient, scope: string) => Promise<unknown>
}

const inVhost = (sections: VhostSpec) => (vhost: string) => ({ vhosts: { [vhost]: sections } })
const upstream = { uri: 'amqp://localhost:1', 'ack-mode': 'on-confirm' }
const shovel = {
  'src-protocol': 'amqp091',
  'src-uri': 'amqp://',
  'src-queue': 'qu.from',
  'dest-protocol': 'amqp091',
  'dest-uri': 'amqp://',
  'dest-queue': 'qu.to',
}
const ground: VhostSpec = {
  exchanges: { 'ex.ground': { type: 'topic' } },
  queues: { 'qu.ground': { type: 'quorum' } },
}
const hash = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'

export const cases: readonly Case[] = [
  {
    kind: 'cluster-name',
    spec: (scope) => ({ clusterName: scope }),
    change: (client) => client.put(api`cluster-name`, { name: 'by-hand' }),
  },
  {
    kind: 'global-parameter',
    spec: (scope) => ({ globalParameters: { [scope]: { text: 'hello', list: [1, 2] } } }),
    change: (client, name) => client.put(api`global-parameters/${name}`, { name, value: { text: 'by hand' } }),
    remove: (client, name) => client.delete(api`global-parameters/${name}`),
  },
  {
    kind: 'user',
    spec: (scope) => ({ users: { [scope]: { tags: ['monitoring', 'team-a'], password: { hash } } } }),
    change: (client, name) => client.put(api`users/${name}`, { password: 'by hand', tags: 'monitoring,team-a' }),
    remove: (client, name) => client.delete(api`users/${name}`),
  },
  {
    kind: 'user-limits',
    spec: (scope) => ({ users: { [scope]: { limits: { 'max-connections': 5, 'max-channels': -1 } } } }),
    change: (client, name) => client.put(api`user-limits/${name}/max-connections`, { value: 7 }),
    remove: (client, name) => client.delete(api`user-limits/${name}/max-connections`),
  },
  {
    kind: 'vhost',
    spec: (scope) => ({ vhosts: { [scope]: { description: 'of the shop', tags: ['shop', 'eu'] } } }),
    change: (client, name) => client.put(api`vhosts/${name}`, { description: 'by hand', tags: '' }),
    remove: (client, name) => client.delete(api`vhosts/${name}`),
  },
  {
    kind: 'vhost',
    about: 'default queue type',
    since: '3.12',
    spec: (scope) => ({ vhosts: { [scope]: { description: 'of the shop', defaultQueueType: 'quorum' } } }),
    change: (client, name) =>
      client.put(api`vhosts/${name}`, { description: 'of the shop', tags: '', default_queue_type: 'classic' }),
    remove: (client, name) => client.delete(api`vhosts/${name}`),
  },
  {
    kind: 'vhost',
    about: 'deletion protection',
    since: '4.0.9',
    spec: (scope) => ({ vhosts: { [scope]: { isProtected: true } } }),
    change: (client, name) => client.delete(api`vhosts/${name}/deletion/protection`),
    async remove(client, name) {
      await client.delete(api`vhosts/${name}/deletion/protection`)
      await client.delete(api`vhosts/${name}`)
    },
  },
  {
    kind: 'vhost-limits',
    spec: inVhost({ limits: { 'max-queues': 100 } }),
    change: (client, vhost) => client.put(api`vhost-limits/${vhost}/max-connections`, { value: 7 }),
    remove: (client, vhost) => client.delete(api`vhost-limits/${vhost}/max-queues`),
  },
  {
    kind: 'permission',
    spec: (scope) => ({
      users: { [scope]: {} },
      vhosts: { [scope]: { permissions: { [scope]: { configure: '', write: '^ex', read: '.*' } } } },
    }),
    change: (client, scope) => client.put(api`permissions/${scope}/${scope}`, { configure: '.*', write: '', read: '' }),
    remove: (client, scope) => client.delete(api`permissions/${scope}/${scope}`),
  },
  {
    kind: 'topic-permission',
    ground,
    spec: (scope) => ({
      users: { [scope]: {} },
      vhosts: {
        [scope]: { ...ground, topicPermissions: { [scope]: { 'ex.ground': { write: '^order', read: '.*' } } } },
      },
    }),
    change: (client, scope) =>
      client.put(api`topic-permissions/${scope}/${scope}`, { exchange: 'ex.ground', write: '', read: '' }),
    remove: (client, scope) => client.delete(api`topic-permissions/${scope}/${scope}`),
  },
  {
    kind: 'exchange',
    about: 'internal',
    spec: inVhost({ exchanges: { 'ex/a b%2f': { type: 'headers', isInternal: true } } }),
    async replace(client, vhost) {
      await client.delete(api`exchanges/${vhost}/${'ex/a b%2f'}`)
      await client.put(api`exchanges/${vhost}/${'ex/a b%2f'}`, { type: 'headers', durable: true })
    },
    remove: (client, vhost) => client.delete(api`exchanges/${vhost}/${'ex/a b%2f'}`),
  },
  {
    kind: 'exchange',
    about: 'with arguments',
    spec: inVhost({ exchanges: { ex: { type: 'topic', arguments: { 'alternate-exchange': 'other' } } } }),
    async replace(client, vhost) {
      await client.delete(api`exchanges/${vhost}/ex`)
      await client.put(api`exchanges/${vhost}/ex`, { type: 'topic', durable: true })
    },
    remove: (client, vhost) => client.delete(api`exchanges/${vhost}/ex`),
  },
  {
    kind: 'queue',
    about: 'quorum',
    spec: inVhost({ queues: { 'qu/a b%2f': { type: 'quorum', arguments: { 'x-delivery-limit': 5 } } } }),
    async replace(client, vhost) {
      await client.delete(api`queues/${vhost}/${'qu/a b%2f'}`)
      await client.put(api`queues/${vhost}/${'qu/a b%2f'}`, { durable: true })
    },
    remove: (client, vhost) => client.delete(api`queues/${vhost}/${'qu/a b%2f'}`),
  },
  {
    kind: 'queue',
    about: 'without a type of its own',
    spec: inVhost({ queues: { plain: {} } }),
    async replace(client, vhost) {
      await client.delete(api`queues/${vhost}/plain`)
      await client.put(api`queues/${vhost}/plain`, { durable: true, arguments: { 'x-max-length': 3 } })
    },
    remove: (client, vhost) => client.delete(api`queues/${vhost}/plain`),
  },
  {
    kind: 'binding',
    ground,
    spec: inVhost({
      ...ground,
      bindings: [{ from: 'ex.ground', toQueue: 'qu.ground', keys: ['a/b.#'], arguments: { n: 1, list: ['x'] } }],
    }),
    async remove(client, vhost) {
      const path = api`bindings/${vhost}/e/${'ex.ground'}/q/${'qu.ground'}`
      const [binding] = await client.get<{ properties_key: string }[]>(path)
      await client.delete(api`bindings/${vhost}/e/${'ex.ground'}/q/${'qu.ground'}/${binding!.properties_key}`)
    },
  },
  {
    kind: 'policy',
    spec: inVhost({ policies: { short: { pattern: '^qu', applyTo: 'queues', definition: { 'max-length': 10 } } } }),
    change: (client, vhost) =>
      client.put(api`policies/${vhost}/short`, {
        pattern: '^qu',
        'apply-to': 'queues',
        definition: { 'max-length': 11 },
      }),
    remove: (client, vhost) => client.delete(api`policies/${vhost}/short`),
  },
  {
    kind: 'policy',
    about: 'of one type of queue',
    since: '3.12',
    spec: inVhost({ policies: { typed: { pattern: '', applyTo: 'quorum_queues', definition: { 'max-length': 9 } } } }),
    change: (client, vhost) =>
      client.put(api`policies/${vhost}/typed`, {
        pattern: '',
        'apply-to': 'streams',
        definition: { 'max-length': 9 },
      }),
    remove: (client, vhost) => client.delete(api`policies/${vhost}/typed`),
  },
  {
    kind: 'operator-policy',
    spec: inVhost({ operatorPolicies: { cap: { pattern: '.*', definition: { 'max-length': 10 } } } }),
    change: (client, vhost) =>
      client.put(api`operator-policies/${vhost}/cap`, {
        pattern: '.*',
        'apply-to': 'queues',
        priority: 3,
        definition: { 'max-length': 10 },
      }),
    remove: (client, vhost) => client.delete(api`operator-policies/${vhost}/cap`),
  },
  {
    kind: 'federation-upstream',
    spec: inVhost({ federationUpstreams: { other: upstream } }),
    change: (client, vhost) =>
      client.put(api`parameters/federation-upstream/${vhost}/other`, { value: { ...upstream, 'max-hops': 2 } }),
    remove: (client, vhost) => client.delete(api`parameters/federation-upstream/${vhost}/other`),
  },
  {
    kind: 'federation-upstream-set',
    spec: inVhost({
      federationUpstreams: { other: upstream },
      federationUpstreamSets: { both: [{ upstream: 'other' }] },
    }),
    change: (client, vhost) =>
      client.put(api`parameters/federation-upstream-set/${vhost}/both`, {
        value: [{ upstream: 'other', exchange: 'x' }],
      }),
    remove: (client, vhost) => client.delete(api`parameters/federation-upstream-set/${vhost}/both`),
  },
  {
    kind: 'shovel',
    spec: inVhost({ queues: { 'qu.from': {}, 'qu.to': {} }, shovels: { mover: shovel } }),
    change: (client, vhost) =>
      client.put(api`parameters/shovel/${vhost}/mover`, { value: { ...shovel, 'src-prefetch-count': 5 } }),
    remove: (client, vhost) => client.delete(api`parameters/shovel/${vhost}/mover`),
  },
]
