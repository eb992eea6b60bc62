import * as z from 'zod'
import { api } from '../management/path.ts'
import { isAtLeast } from '../management/version.ts'
import type { FoundVhost } from '../snapshot/snapshot.ts'
import type { ResourceKind } from './kind.ts'

export type QueueType = 'classic' | 'quorum' | 'stream'

export interface VhostSpecFields {
  readonly description?: string
  readonly tags?: readonly string[]
  /** What a queue becomes that is declared without a type. */
  readonly defaultQueueType?: QueueType
  /** Deletion protection; from RabbitMQ 4.0.9. */
  readonly isProtected?: boolean
}

export const queueType: z.ZodType<QueueType> = z.enum(['classic', 'quorum', 'stream'])

/** Fields of a vhost itself; its sections are those of the other kinds. */
export const vhostFields: Readonly<Record<keyof VhostSpecFields, z.ZodType>> = {
  description: z.string().exactOptional().describe('What the vhost is for.'),
  tags: z
    .array(z.string().regex(/^[^,\s]+$/))
    .exactOptional()
    .describe('Labels, without commas or blanks.'),
  defaultQueueType: queueType.exactOptional().describe('What a queue becomes that is declared without a type.'),
  isProtected: z.boolean().exactOptional().describe('Protected against deletion; from RabbitMQ 4.0.9.'),
}

export interface VhostValue {
  readonly description: string | undefined
  readonly tags: readonly string[] | undefined
  readonly defaultQueueType: string | undefined
  readonly isProtected: boolean | undefined
}

/** Starting a vhost takes a while on a cluster, and longer on a busy one. */
const TIMEOUT_MS = 60_000

export const vhostKind: ResourceKind<VhostValue> = {
  kind: 'vhost',
  *wanted({ spec, broker }) {
    for (const [name, vhost] of Object.entries(spec.vhosts ?? {})) {
      const { description, tags, defaultQueueType, isProtected } = vhost
      const value = {
        description,
        tags: tags?.toSorted(),
        defaultQueueType,
        isProtected: broker.capabilities.hasDeletionProtection ? isProtected : undefined,
      }
      yield { vhost: name, name, value }
    }
  },
  *found({ vhosts }) {
    for (const vhost of vhosts) yield { vhost: vhost.name, name: vhost.name, value: valueOf(vhost) }
  },
  async put({ client, broker }, { name, value }, found) {
    // A PUT resets what it leaves out, so what the spec leaves to others is sent as it was found.
    const description = value.description ?? found?.value.description ?? ''
    const tags = value.tags ?? found?.value.tags ?? []
    const defaultQueueType = value.defaultQueueType ?? found?.value.defaultQueueType
    const { isProtected } = value
    // The key of the queue type is another one before 3.12, and both are taken from then on.
    const type = defaultQueueType === undefined ? {} : typeFields(broker.version, defaultQueueType)
    const body = { description, tags: tags.join(','), ...type }
    await client.put(api`vhosts/${name}`, body, { timeoutMs: TIMEOUT_MS })
    if (found === undefined) await letCallerIn(client, name)
    if (isProtected === undefined || isProtected === (found?.value.isProtected ?? false)) return
    const protection = api`vhosts/${name}/deletion/protection`
    await (isProtected ? client.post(protection) : client.delete(protection))
  },
  immutable: ['defaultQueueType'],
  wayOut: ({ name }, _, broker) =>
    isAtLeast(broker.version, '3.12')
      ? ''
      : `RabbitMQ ${broker.version} sets the default queue type of a vhost when it is created, and never again; leave it out, or give each queue of "${name}" its type`,
  async remove({ client }, { name }) {
    await client.delete(api`vhosts/${name}`, { timeoutMs: TIMEOUT_MS })
  },
}

type Client = Parameters<ResourceKind['put']>[0]['client']

/** Who creates a vhost may do everything in it on most versions; whoever may not could not declare a queue next. */
async function letCallerIn(client: Client, vhost: string): Promise<void> {
  const { name: user } = await client.get<{ readonly name: string }>(api`whoami`)
  const permission = api`permissions/${vhost}/${user}`
  if ((await client.find(permission)) !== undefined) return
  await client.put(permission, { configure: '.*', write: '.*', read: '.*' })
}

function typeFields(version: string, type: string): Readonly<Record<string, string>> {
  return isAtLeast(version, '3.12') ? { default_queue_type: type } : { defaultqueuetype: type }
}

function valueOf(found: FoundVhost): VhostValue {
  const { description = '', tags = [], default_queue_type: type, protected_from_deletion: isProtected } = found
  const list = typeof tags === 'string' ? tags.split(',').filter((tag) => tag !== '') : tags
  return {
    description,
    tags: list.toSorted(),
    // "undefined" is what brokers before 3.12 say of a vhost that has none; such a vhost makes classic queues.
    defaultQueueType: type === undefined || type === 'undefined' ? 'classic' : type,
    isProtected: isProtected ?? false,
  }
}
