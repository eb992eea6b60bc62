import * as z from 'zod'
import type { FeatureFlag } from '../management/broker.ts'
import { api } from '../management/path.ts'
import type { ResourceKind } from './kind.ts'

export interface FeatureFlagSection {
  /** `stable`: every stable flag that the broker knows; or the names of those that must be enabled. */
  readonly featureFlags?: 'stable' | readonly string[]
}

interface FeatureFlagValue {
  readonly state: string
}

/** A flag migrates data on every node. */
const TIMEOUT_MS = 120_000

export const featureFlagKind: ResourceKind<FeatureFlagValue> = {
  kind: 'feature-flag',
  section: {
    at: 'cluster',
    name: 'featureFlags',
    schema: z
      .union([z.literal('stable'), z.array(z.string().min(1))], {
        error: 'must be `stable`, or a list of names of feature flags',
      })
      .describe('Flags to enable: `stable` for all that are, or by name. None is ever disabled.'),
  },
  *wanted({ spec, broker }) {
    const { featureFlags = [] } = spec
    const known = broker.featureFlags ?? new Map<string, FeatureFlag>()
    // There is no request that enables them all. A flag that the broker does not know any more is always enabled.
    const stable = [...known].filter(([, { stability }]) => stability === 'stable').map(([name]) => name)
    const names = featureFlags === 'stable' ? stable : featureFlags.filter((name) => known.has(name))
    for (const name of names) yield { name, value: { state: 'enabled' } }
  },
  *found({ broker }) {
    for (const [name, { state }] of broker.featureFlags ?? []) yield { name, value: { state } }
  },
  async put({ client }, { name }) {
    await client.put(api`feature-flags/${name}/enable`, {}, { timeoutMs: TIMEOUT_MS })
  },
}
