import * as z from 'zod'
import { api } from '../management/path.ts'
import type { Arguments, DefinedExchange } from '../snapshot/definitions.ts'
import type { ResourceKind } from './kind.ts'
import { isReserved } from './reserved.ts'

export interface ExchangeSpec {
  /** `topic`, `direct`, `fanout`, `headers`, or one that a plugin brings, such as `x-consistent-hash`. */
  readonly type: string
  readonly isDurable?: boolean
  readonly isAutoDelete?: boolean
  /** Takes messages from other exchanges only. */
  readonly isInternal?: boolean
  readonly arguments?: Arguments
}

export interface ExchangeSection {
  readonly exchanges?: Readonly<Record<string, ExchangeSpec>>
}

export interface ExchangeValue {
  readonly type: string
  readonly isDurable: boolean
  readonly isAutoDelete: boolean
  readonly isInternal: boolean
  readonly arguments: Arguments
}

const types = ['topic', 'direct', 'fanout', 'headers'] as const

const schema: z.ZodType<ExchangeSpec> = z.strictObject({
  type: z
    .union([z.enum(types), z.string().regex(/^x-/)], {
      error: `must be one of ${types.join(', ')}, or a type of a plugin that begins with x-`,
    })
    .describe('`topic`, `direct`, `fanout`, `headers`, or a type of a plugin, such as `x-consistent-hash`.'),
  isDurable: z.boolean().exactOptional().describe('Survives a restart of the broker. Default true.'),
  isAutoDelete: z.boolean().exactOptional().describe('Goes with its last binding. Default false.'),
  isInternal: z.boolean().exactOptional().describe('Takes messages from other exchanges only. Default false.'),
  arguments: z.record(z.string(), z.unknown()).exactOptional().describe('Such as `alternate-exchange`.'),
})

export const exchangeKind: ResourceKind<ExchangeValue> = {
  kind: 'exchange',
  section: {
    at: 'vhost',
    name: 'exchanges',
    schema: z.record(z.string().min(1), schema).describe('Exchanges by name.'),
  },
  immutable: ['type', 'isDurable', 'isAutoDelete', 'isInternal', 'arguments'],
  wayOut: ({ name, vhost = '' }) =>
    `an exchange cannot be changed: publish to another name, or delete "${name}" in vhost "${vhost}" while nobody publishes and apply again; its bindings come back from the spec. An alternate exchange can be set by a policy instead`,
  *wanted({ vhosts }) {
    for (const [vhost, { exchanges = {} }] of vhosts) {
      for (const [name, spec] of Object.entries(exchanges)) yield { vhost, name, value: wantedValue(spec) }
    }
  },
  *found({ definitions, internalExchanges }) {
    for (const exchange of [...definitions.exchanges, ...internalExchanges]) {
      const { vhost, name } = exchange
      if (!isReserved(name)) yield { vhost, name, value: foundValue(exchange) }
    }
  },
  async put({ client }, { vhost = '', name, value }) {
    const { type, isDurable, isAutoDelete, isInternal } = value
    await client.put(api`exchanges/${vhost}/${name}`, {
      type,
      durable: isDurable,
      auto_delete: isAutoDelete,
      internal: isInternal,
      arguments: value.arguments,
    })
  },
  async remove({ client }, { vhost = '', name }) {
    await client.delete(api`exchanges/${vhost}/${name}`)
  },
}

function wantedValue(spec: ExchangeSpec): ExchangeValue {
  const { type, isDurable = true, isAutoDelete = false, isInternal = false } = spec
  return { type, isDurable, isAutoDelete, isInternal, arguments: spec.arguments ?? {} }
}

function foundValue(exchange: DefinedExchange): ExchangeValue {
  const { type, durable, auto_delete, internal = false, arguments: args } = exchange
  return { type, isDurable: durable, isAutoDelete: auto_delete, isInternal: internal, arguments: args }
}
