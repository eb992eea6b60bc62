import * as z from 'zod'
import { api, type ApiPath } from '../management/path.ts'
import type { PutContext, ResourceKind } from './kind.ts'
import type { UserLimits } from './user.ts'
import { isObject } from './value.ts'

export interface VhostLimits {
  readonly 'max-connections'?: number
  readonly 'max-queues'?: number
}

export interface VhostLimitsSection {
  /** What the vhost may hold at one time; -1 for no limit. */
  readonly limits?: VhostLimits
}

/** All limits of one vhost or user together: one that is left out is lifted. */
export interface LimitsValue {
  readonly limits: Readonly<Record<string, number>>
}

const limit = z.int().min(-1).exactOptional()

const schema: z.ZodType<VhostLimits> = z.strictObject({
  'max-connections': limit.describe('Connections at most; -1 for no limit.'),
  'max-queues': limit.describe('Queues at most; -1 for no limit.'),
})

export const vhostLimitsKind: ResourceKind<LimitsValue> = {
  kind: 'vhost-limits',
  section: { at: 'vhost', name: 'limits', schema: schema.describe('Of the whole vhost.') },
  *wanted({ vhosts }) {
    for (const [vhost, { limits }] of vhosts) {
      if (limits !== undefined) yield { vhost, name: 'limits', value: { limits: set(limits) } }
    }
  },
  // Every vhost has limits, if only none: `limits: {}` in a spec lifts what is there.
  *found({ definitions, vhosts }) {
    const parameters = definitions.parameters.filter(({ component }) => component === 'vhost-limits')
    const byVhost = new Map(parameters.map(({ vhost, value }) => [vhost, isObject(value) ? value : {}]))
    for (const { name } of vhosts)
      yield { vhost: name, name: 'limits', value: { limits: set(byVhost.get(name) ?? {}) } }
  },
  async put(context, { vhost = '', value }, found) {
    await putLimits(context, (limit) => api`vhost-limits/${vhost}/${limit}`, value, found?.value)
  },
  async remove(context, { vhost = '', value }) {
    await putLimits(context, (limit) => api`vhost-limits/${vhost}/${limit}`, { limits: {} }, value)
  },
}

export const userLimitsKind: ResourceKind<LimitsValue> = {
  kind: 'user-limits',
  *wanted({ spec }) {
    for (const [name, { limits }] of Object.entries(spec.users ?? {})) {
      if (limits !== undefined) yield { name, value: { limits: set(limits) } }
    }
  },
  *found({ definitions }) {
    for (const { name, limits = {} } of definitions.users) yield { name, value: { limits: set(limits) } }
  },
  async put(context, { name, value }, found) {
    await putLimits(context, (limit) => api`user-limits/${name}/${limit}`, value, found?.value)
  },
  async remove(context, { name, value }) {
    await putLimits(context, (limit) => api`user-limits/${name}/${limit}`, { limits: {} }, value)
  },
}

/** -1 is what a broker takes for no limit; it says so by having none. */
function set(limits: Readonly<Record<string, unknown>> | UserLimits | VhostLimits): Readonly<Record<string, number>> {
  const numbers = Object.entries(limits).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  return Object.fromEntries(numbers.filter(([, value]) => value >= 0))
}

async function putLimits(
  { client }: PutContext,
  pathOf: (limit: string) => ApiPath,
  wanted: LimitsValue,
  found: LimitsValue = { limits: {} },
): Promise<void> {
  for (const [name, value] of Object.entries(wanted.limits)) {
    if (found.limits[name] !== value) await client.put(pathOf(name), { value })
  }
  for (const name of Object.keys(found.limits)) if (!(name in wanted.limits)) await client.delete(pathOf(name))
}
