import * as z from 'zod'
import { api } from '../management/path.ts'
import type { ResourceKind } from './kind.ts'

/** Regular expressions over names of exchanges and queues, not anchored; the empty one matches nothing. */
export interface PermissionSpec {
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** Regular expressions over routing keys, for one topic exchange. */
export interface TopicPermissionSpec {
  readonly write: string
  readonly read: string
}

export interface PermissionSection {
  /** By user. */
  readonly permissions?: Readonly<Record<string, PermissionSpec>>
  /** By user, then by topic exchange. They narrow the permissions, and replace none. */
  readonly topicPermissions?: Readonly<Record<string, Readonly<Record<string, TopicPermissionSpec>>>>
}

const what = 'A regular expression, not anchored; the empty one permits nothing.'
const permission: z.ZodType<PermissionSpec> = z.strictObject({
  configure: z.string().describe(what),
  write: z.string().describe(what),
  read: z.string().describe(what),
})
const topicPermission: z.ZodType<TopicPermissionSpec> = z.strictObject({
  write: z.string().describe('Routing keys that may be published; a regular expression.'),
  read: z.string().describe('Routing keys that may be bound; a regular expression.'),
})

export const permissionKind: ResourceKind<PermissionSpec> = {
  kind: 'permission',
  section: {
    at: 'vhost',
    name: 'permissions',
    schema: z.record(z.string().min(1), permission).describe('What a user may do with which names, by user.'),
  },
  *wanted({ vhosts }) {
    for (const [vhost, { permissions = {} }] of vhosts) {
      for (const [name, value] of Object.entries(permissions)) yield { vhost, name, value }
    }
  },
  *found({ definitions }) {
    for (const { vhost, user, configure, write, read } of definitions.permissions) {
      yield { vhost, name: user, value: { configure, write, read } }
    }
  },
  async put({ client }, { vhost = '', name, value }) {
    await client.put(api`permissions/${vhost}/${name}`, value)
  },
  async remove({ client }, { vhost = '', name }) {
    await client.delete(api`permissions/${vhost}/${name}`)
  },
}

interface TopicPermissionValue extends TopicPermissionSpec {
  readonly user: string
  readonly exchange: string
}

export const topicPermissionKind: ResourceKind<TopicPermissionValue> = {
  kind: 'topic-permission',
  section: {
    at: 'vhost',
    name: 'topicPermissions',
    schema: z
      .record(z.string().min(1), z.record(z.string(), topicPermission))
      .describe('Which routing keys, by user and topic exchange.'),
  },
  *wanted({ vhosts }) {
    for (const [vhost, { topicPermissions = {} }] of vhosts) {
      for (const [user, exchanges] of Object.entries(topicPermissions)) {
        for (const [exchange, { write, read }] of Object.entries(exchanges)) {
          yield { vhost, name: `${user} on ${exchange}`, value: { user, exchange, write, read } }
        }
      }
    }
  },
  *found({ definitions }) {
    for (const { vhost, user, exchange, write, read } of definitions.topic_permissions) {
      yield { vhost, name: `${user} on ${exchange}`, value: { user, exchange, write, read } }
    }
  },
  async put({ client }, { vhost = '', value }) {
    const { user, exchange, write, read } = value
    await client.put(api`topic-permissions/${vhost}/${user}`, { exchange, write, read })
  },
  async remove({ client }, { vhost = '', value }) {
    await client.delete(api`topic-permissions/${vhost}/${value.user}/${value.exchange}`)
  },
}
