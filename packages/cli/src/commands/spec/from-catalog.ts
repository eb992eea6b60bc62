import { publisherTopology, subscriptionTopology, type Topology } from '@warren/bus'
import type { Spec, VhostSpec } from '@warren/cluster'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { sessionOf } from '../../session.ts'
import { writeSpec } from './write.ts'

interface FromCatalogOptions {
  readonly vhost: string
  readonly out?: string
}

export function addSpecFromCatalog(parent: Command): void {
  parent
    .command('from-catalog')
    .summary('write a spec of the exchanges, queues and bindings of a catalog')
    .description(
      'Writes what the services of the configuration declare on the broker as a spec: catalog and subscriptions are then the one place where events and cluster come from.',
    )
    .option('--vhost <name>', 'the vhost that the services use', '/')
    .option('--out <file>', 'a new file (default: stdout)')
    .addHelpText('after', '\nExample:\n  $ warren spec from-catalog --vhost shop --out warren.yaml')
    .action(run)
}

async function run(options: FromCatalogOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { entities } = await session.need('catalog')
  const subscriptions = await session.need('subscriptions')
  const { names } = (await session.config())?.config ?? {}
  const named = names === undefined ? {} : { names }
  const parts = [
    publisherTopology(entities, names),
    ...Object.entries(subscriptions).map(([name, patterns]) => subscriptionTopology({ name, patterns, ...named })),
  ]
  const spec: Spec = { vhosts: { [options.vhost]: vhostOf(parts) } }
  await writeSpec(session, stringify(spec, { lineWidth: 0 }), options.out)
}

/** Topologies of several services as one vhost: what two of them declare is there once. */
export function vhostOf(parts: readonly Topology[]): VhostSpec {
  const exchanges = parts.flatMap((part) => part.exchanges.map(({ name, type }) => [name, { type }] as const))
  const queues = parts.flatMap((part) =>
    part.queues.map(({ name, arguments: { 'x-queue-type': type, ...args } }) => {
      return [name, { type: type as 'quorum', ...(Object.keys(args).length === 0 ? {} : { arguments: args }) }] as const
    }),
  )
  const keys = new Map<string, string[]>()
  for (const binding of parts.flatMap((part) => part.bindings)) {
    const target = 'queue' in binding ? { toQueue: binding.queue } : { toExchange: binding.exchange }
    const id = JSON.stringify({ from: binding.source, ...target })
    const known = keys.get(id) ?? []
    if (!known.includes(binding.key)) keys.set(id, [...known, binding.key])
  }
  return {
    exchanges: Object.fromEntries(exchanges),
    queues: Object.fromEntries(queues),
    bindings: [...keys].map(([id, list]) => ({ ...(JSON.parse(id) as { from: string; toQueue: string }), keys: list })),
  }
}
