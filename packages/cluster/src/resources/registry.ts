import { bindingKind, type BindingSection } from './binding.ts'
import { clusterNameKind, type ClusterNameSection } from './cluster-name.ts'
import { exchangeKind, type ExchangeSection } from './exchange.ts'
import { featureFlagKind, type FeatureFlagSection } from './feature-flag.ts'
import { type FederationSection, upstreamKind, upstreamSetKind } from './federation.ts'
import { globalParameterKind, type GlobalParameterSection } from './global-parameter.ts'
import type { ResourceKind } from './kind.ts'
import { userLimitsKind, vhostLimitsKind, type VhostLimitsSection } from './limits.ts'
import { operatorPolicyKind, type OperatorPolicySection } from './operator-policy.ts'
import { permissionKind, type PermissionSection, topicPermissionKind } from './permission.ts'
import { policyKind, type PolicySection } from './policy.ts'
import { queueKind, type QueueSection } from './queue.ts'
import { shovelKind, type ShovelSection } from './shovel.ts'
import { userKind, type UserSection } from './user.ts'
import { vhostKind, type VhostSpecFields } from './vhost.ts'

/**
 * Every kind of resource, in the order of dependency: what stands further down may refer to what stands further up. Policies
 * come before queues, so that a queue has its mirrors and limits from its first moment. Removed is in the opposite order.
 */
export const kinds: readonly ResourceKind[] = [
  featureFlagKind,
  clusterNameKind,
  globalParameterKind,
  userKind,
  userLimitsKind,
  vhostKind,
  vhostLimitsKind,
  permissionKind,
  upstreamKind,
  upstreamSetKind,
  operatorPolicyKind,
  policyKind,
  exchangeKind,
  topicPermissionKind,
  queueKind,
  bindingKind,
  shovelKind,
].map(erased)

/** What a spec can say of one vhost, beside `replication`. */
export interface VhostSections
  extends
    VhostSpecFields,
    VhostLimitsSection,
    PermissionSection,
    ExchangeSection,
    QueueSection,
    BindingSection,
    PolicySection,
    OperatorPolicySection,
    FederationSection,
    ShovelSection {}

/** What a spec can say of the cluster as a whole. */
export interface ClusterSections extends ClusterNameSection, FeatureFlagSection, GlobalParameterSection, UserSection {}

/** A kind only ever sees values that it made itself. */
function erased(kind: unknown): ResourceKind {
  return kind as ResourceKind
}
