import * as z from 'zod'
import { api } from '../management/path.ts'
import type { Arguments, DefinedBinding } from '../snapshot/definitions.ts'
import type { ResourceKind } from './kind.ts'
import { isReserved } from './reserved.ts'
import { isSame } from './value.ts'

/** From an exchange to a queue, or to another exchange. */
export type BindingSpec = {
  readonly from: string
  readonly keys?: readonly string[]
  readonly arguments?: Arguments
} & ({ readonly toQueue: string } | { readonly toExchange: string })

export interface BindingSection {
  readonly bindings?: readonly BindingSpec[]
}

/** A binding is nothing but its identity: it can be made and removed, not changed. */
export interface BindingValue {
  readonly from: string
  readonly to: string
  readonly toKind: 'queue' | 'exchange'
  readonly key: string
  readonly arguments: Arguments
}

const common = {
  from: z.string().min(1).describe('The exchange that messages come from.'),
  keys: z
    .array(z.string())
    .min(1)
    .exactOptional()
    .describe('Routing keys or patterns, a binding each. Default: one with the empty key.'),
  arguments: z.record(z.string(), z.unknown()).exactOptional().describe('For headers exchanges and those of plugins.'),
}

const schema: z.ZodType<BindingSpec> = z.union([
  z.strictObject({ ...common, toQueue: z.string().min(1).describe('The queue that they go to.') }),
  z.strictObject({ ...common, toExchange: z.string().min(1).describe('Or the exchange that they go to.') }),
])

export const bindingKind: ResourceKind<BindingValue> = {
  kind: 'binding',
  section: {
    at: 'vhost',
    name: 'bindings',
    schema: z.array(schema).describe('What goes from an exchange to a queue or to an exchange.'),
  },
  *wanted({ vhosts }) {
    for (const [vhost, { bindings = [] }] of vhosts) {
      for (const spec of bindings) {
        const target =
          'toQueue' in spec
            ? { to: spec.toQueue, toKind: 'queue' as const }
            : { to: spec.toExchange, toKind: 'exchange' as const }
        for (const key of spec.keys ?? ['']) {
          const value = { from: spec.from, ...target, key, arguments: spec.arguments ?? {} }
          yield { vhost, name: nameOf(value), value }
        }
      }
    }
  },
  *found({ definitions }) {
    for (const binding of definitions.bindings) {
      // Every queue is bound to the default exchange by its name, and some versions say so.
      if (binding.source === '' || isReserved(binding.destination)) continue
      const value = foundValue(binding)
      yield { vhost: binding.vhost, name: nameOf(value), value }
    }
  },
  changes: () => [],
  async put({ client }, { vhost = '', value }) {
    await client.post(pathOf(vhost, value), { routing_key: value.key, arguments: value.arguments })
  },
  async remove({ client }, { vhost = '', value }) {
    // The key in the path is made by the broker, of a hash of the arguments among others: ask, never compute.
    type Answer = DefinedBinding & { readonly properties_key: string }
    const standing = (await client.find<readonly Answer[]>(pathOf(vhost, value))) ?? []
    for (const binding of standing) {
      if (binding.routing_key !== value.key || !isSame(binding.arguments, value.arguments)) continue
      const { from, to, toKind } = value
      const type = toKind === 'queue' ? 'q' : 'e'
      // The key comes percent-encoded inside already, and is encoded once more to be a segment of a path.
      await client.delete(api`bindings/${vhost}/e/${from}/${type}/${to}/${binding.properties_key}`)
    }
  },
}

function pathOf(vhost: string, { from, to, toKind }: BindingValue): ReturnType<typeof api> {
  return api`bindings/${vhost}/e/${from}/${toKind === 'queue' ? 'q' : 'e'}/${to}`
}

/** `ex.order.topic → qu.order.crm (order.#)`. */
function nameOf({ from, to, toKind, key, arguments: args }: BindingValue): string {
  const sorted = Object.entries(args).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const told = sorted.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(sorted))}`
  return `${from} → ${toKind === 'queue' ? '' : 'exchange '}${to} (${key})${told}`
}

function foundValue({
  source,
  destination,
  destination_type,
  routing_key,
  arguments: args,
}: DefinedBinding): BindingValue {
  return { from: source, to: destination, toKind: destination_type, key: routing_key, arguments: args }
}
