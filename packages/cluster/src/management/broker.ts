import { ClusterError } from '../errors.ts'
import { type Capabilities, capabilitiesOf } from './capabilities.ts'
import type { ManagementClient } from './client.ts'
import { api } from './path.ts'
import { isAtLeast, lowestOf } from './version.ts'

export interface BrokerNode {
  readonly name: string
  readonly isRunning: boolean
  /** Undefined for a node that is down, or started less than 5 s ago: nodes tell of themselves that often. */
  readonly version: string | undefined
  readonly type: 'disc' | 'ram' | undefined
}

/** `unsupported` is what a cluster of mixed versions says of a flag that not all of its nodes know. */
export interface FeatureFlag {
  readonly state: 'enabled' | 'disabled' | 'state_changing' | 'unavailable' | 'unsupported'
  /** `required` flags cannot be switched off any more; `experimental` ones are not for production. */
  readonly stability: 'stable' | 'experimental' | 'required'
}

/** What is at the other end of a management endpoint. */
export interface Broker {
  /** The lowest of its running nodes: what a cluster of mixed versions can do. */
  readonly version: string
  readonly product: string
  readonly erlangVersion: string
  readonly clusterName: string
  /** Undefined where only a feature flag tells (from 3.13 to 4.2), and the user may not see those. */
  readonly metadataStore: 'mnesia' | 'khepri' | undefined
  /** Empty where the user may not see them (it lacks the tag `monitoring`). */
  readonly nodes: readonly BrokerNode[]
  /** Undefined where the user may not see them (it lacks the tag `administrator`). */
  readonly featureFlags: ReadonlyMap<string, FeatureFlag> | undefined
  /** Deprecated features that this broker does not let be used. Empty where it does not tell: before 3.13, or to this user. */
  readonly deniedFeatures: ReadonlySet<string>
  /** Types that an exchange can have, those of plugins included. */
  readonly exchangeTypes: readonly string[]
  readonly defaultQueueType: string | undefined
  readonly capabilities: Capabilities
}

interface Overview {
  readonly rabbitmq_version: string
  readonly product_name?: string
  readonly erlang_version: string
  readonly cluster_name: string
  readonly default_queue_type?: string
  readonly exchange_types?: readonly { readonly name: string }[]
}

interface NodeAnswer {
  readonly name: string
  readonly running: boolean
  readonly type?: 'disc' | 'ram'
  readonly applications?: readonly { readonly name: string; readonly version: string }[]
}

interface DeprecatedFeature {
  readonly name: string
  /** Not on 4.0, where only the phase tells. */
  readonly state?: string
  readonly deprecation_phase: string
}

/** Asks a broker what it is and what it can do. Four requests that change nothing. */
export async function brokerOf(client: ManagementClient): Promise<Broker> {
  const [overview, nodes, flags, deprecated] = await Promise.all([
    client.get<Overview>(api`overview?disable_stats=true`),
    unlessRefused(client.get<readonly NodeAnswer[]>(api`nodes?columns=name,running,type,applications`)),
    unlessRefused(client.get<readonly (FeatureFlag & { readonly name: string })[]>(api`feature-flags`)),
    unlessRefused(client.find<readonly DeprecatedFeature[]>(api`deprecated-features`).then((found) => found ?? [])),
  ])
  const described = (nodes ?? []).map(describeNode)
  const featureFlags =
    flags === undefined ? undefined : new Map(flags.map(({ name, state, stability }) => [name, { state, stability }]))
  const running = described.flatMap(({ version }) => (version === undefined ? [] : [version]))
  const version = lowestOf([overview.rabbitmq_version, ...running]) ?? overview.rabbitmq_version
  const metadataStore = storeOf(version, featureFlags)
  const deniedFeatures = new Set((deprecated ?? []).filter(isDenied).map(({ name }) => name))
  return {
    version,
    product: overview.product_name ?? 'RabbitMQ',
    erlangVersion: overview.erlang_version,
    clusterName: overview.cluster_name,
    metadataStore,
    nodes: described,
    featureFlags,
    deniedFeatures,
    exchangeTypes: (overview.exchange_types ?? []).map(({ name }) => name),
    defaultQueueType: overview.default_queue_type,
    capabilities: capabilitiesOf(version, metadataStore, deniedFeatures),
  }
}

function describeNode({ name, running, type, applications }: NodeAnswer): BrokerNode {
  const version = applications?.find((application) => application.name === 'rabbit')?.version
  return { name, isRunning: running, version: running ? version : undefined, type }
}

function isDenied({ state, deprecation_phase: phase }: DeprecatedFeature): boolean {
  return state === undefined ? phase !== 'permitted_by_default' : state === 'denied'
}

/** Before 3.13 Mnesia is the only store, from 4.3 on Khepri; between them a feature flag says which of the two it is. */
function storeOf(version: string, flags: Broker['featureFlags']): Broker['metadataStore'] {
  if (isAtLeast(version, '4.3')) return 'khepri'
  if (!isAtLeast(version, '3.13')) return 'mnesia'
  if (flags === undefined) return undefined
  return flags.get('khepri_db')?.state === 'enabled' ? 'khepri' : 'mnesia'
}

/** A user who may change queues need not be one who may look at nodes. */
async function unlessRefused<T>(answer: Promise<readonly T[]>): Promise<readonly T[] | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ClusterError && error.code === 'MANAGEMENT_REFUSED') return undefined
    throw error
  }
}
