import { isAtLeast } from '../management/version.ts'
import { findingsOf, type Rule } from './finding.ts'

const plugins: Readonly<Record<string, string>> = {
  'x-consistent-hash': 'rabbitmq_consistent_hash_exchange',
  'x-modulus-hash': 'rabbitmq_sharding',
  'x-delayed-message': 'rabbitmq_delayed_message_exchange',
  'x-random': 'rabbitmq_random_exchange',
  'x-recent-history': 'rabbitmq_recent_history_exchange',
}

/** The broker closes the connection on an exchange of a type that it does not have. */
export const unknownExchangeTypes: Rule = function* ({ name, spec, broker }) {
  const finding = findingsOf('exchange-type-missing', 'error', 'exchange')
  // Who may not see the overview sees no types.
  if (broker.exchangeTypes.length === 0) return
  for (const [exchange, { type }] of Object.entries(spec.exchanges ?? {})) {
    if (broker.exchangeTypes.includes(type)) continue
    const plugin = plugins[type]
    const hint =
      plugin === undefined
        ? 'enable the plugin that has it'
        : `enable its plugin on every node: "rabbitmq-plugins enable ${plugin}"`
    yield finding(name, exchange, `the broker has no exchange type "${type}"; ${hint}`)
  }
}

/** Upstreams: 3.10 answers 400 to a key that it does not know. */
export const upstreamKeysOfOtherVersions: Rule = function* ({ name, spec, broker }) {
  const finding = findingsOf('key-not-in-this-version', 'error', 'federation-upstream')
  if (isAtLeast(broker.version, '3.13.1')) return
  for (const [upstream, value] of Object.entries(spec.federationUpstreams ?? {})) {
    if (!('queue-type' in value)) continue
    yield finding(name, upstream, `RabbitMQ ${broker.version} does not know queue-type (from 3.13.1); leave it out`)
  }
}

/** Measured on 3.10: kept while nodes are restarted one by one, another one after all of them were down at once. */
export const partitionsInMemory: Rule = function* ({ name, partitioned, broker }) {
  const finding = findingsOf('partitions-in-memory', 'note', 'queue')
  if (broker.metadataStore !== 'mnesia') return
  for (const { queue } of partitioned) {
    yield finding(
      name,
      queue,
      'which partition an entity has is kept in the memory of the nodes: when all of them are down at once, entities move; drain the partitions before you stop the whole cluster',
    )
  }
}

export const pluginRules: readonly Rule[] = [unknownExchangeTypes, upstreamKeysOfOtherVersions, partitionsInMemory]
