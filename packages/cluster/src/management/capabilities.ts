import { isAtLeast } from './version.ts'

/** What a broker can do, as far as anything in this package has to know. */
export interface Capabilities {
  /** Classic mirrored queues (`ha-mode` policies). Gone in 4.0, which answers 400 to such a policy. */
  readonly hasMirroring: boolean
  /** Members of a quorum queue are added and removed over HTTP. From 3.11. */
  readonly canGrowQuorumQueues: boolean
  /** A policy can say `apply-to: quorum_queues`, `classic_queues` or `streams`. From 3.12. */
  readonly hasPolicyTargetsByType: boolean
  /** A vhost can be protected against deletion. From 4.0.9. */
  readonly hasDeletionProtection: boolean
  /** RAM nodes. Deprecated in 3.13, refused by Khepri, gone in 4.3; true where the store is not known. */
  readonly hasRamNodes: boolean
  /** Queues that are not durable and not exclusive: a deprecated feature, which a broker may deny. */
  readonly hasTransientQueues: boolean
  /** Without a limit of its own a quorum queue has a delivery limit of 20. From 4.0. */
  readonly hasDefaultDeliveryLimit: boolean
}

/** By version, metadata store and the deprecated features that are denied, so that it can be told without asking the broker. Pure. */
export function capabilitiesOf(
  version: string,
  metadataStore: 'mnesia' | 'khepri' | undefined,
  deniedFeatures: ReadonlySet<string> = new Set(),
): Capabilities {
  return {
    hasMirroring: !isAtLeast(version, '4'),
    canGrowQuorumQueues: isAtLeast(version, '3.11'),
    hasPolicyTargetsByType: isAtLeast(version, '3.12'),
    hasDeletionProtection: isAtLeast(version, '4.0.9'),
    hasRamNodes: metadataStore !== 'khepri' && !isAtLeast(version, '4.3'),
    hasTransientQueues: !deniedFeatures.has('transient_nonexcl_queues'),
    hasDefaultDeliveryLimit: isAtLeast(version, '4'),
  }
}
