import { listed } from '../../listed.ts'
import { finding } from '../finding.ts'
import type { HealthRule } from '../rule.ts'
import { isOutOfSupport, NEWEST_SERIES } from '../support.ts'

/** What an upgrade, or its absence, makes of the cluster. */
export const versionRules: HealthRule = function* ({ broker, deprecatedFeaturesUsed = [] }) {
  const versions = [...new Set(broker.nodes.flatMap(({ version }) => (version === undefined ? [] : [version])))]
  const subjects = broker.nodes.map(({ name }) => name)
  if (versions.length > 1) {
    const told = broker.nodes.map(({ name, version }) => `${name} ${version ?? 'unknown'}`)
    yield finding('versions-mixed', {
      subjects,
      what: `nodes run different versions: ${told.join(', ')}`,
      command: 'rabbitmq-upgrade await_online_quorum_plus_one && rabbitmq-upgrade drain',
      on: 'each node of the older version, before it is upgraded',
    })
  }
  if (isOutOfSupport(broker.version)) {
    yield finding('version-unsupported', {
      subjects,
      what: `RabbitMQ ${broker.version} is older than the series ${NEWEST_SERIES}, the newest that is known here`,
      command: 'rabbitmq-upgrade drain',
      on: 'each node, before it is upgraded',
    })
  }
  const disabled = [...(broker.featureFlags ?? [])].flatMap(([name, { state, stability }]) =>
    stability === 'stable' && state === 'disabled' ? [name] : [],
  )
  if (disabled.length > 0) {
    yield finding('feature-flags-disabled', {
      subjects: disabled,
      what: `stable feature flags are disabled: ${listed(disabled)}`,
      command: 'rabbitmqctl enable_feature_flag all',
    })
  }
  if (deprecatedFeaturesUsed.length > 0) {
    yield finding('deprecated-feature-used', {
      subjects: deprecatedFeaturesUsed,
      what: `deprecated features are in use: ${listed(deprecatedFeaturesUsed)}`,
      command: 'rabbitmqctl list_deprecated_features --used',
    })
  }
}
