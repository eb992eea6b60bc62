export { Bus, createBus } from './bus.ts'
export type { BusSignals, SubscribedEvent } from './bus.ts'
export type { BusOptions, RelayTuning } from './bus-options.ts'

export { catalog } from './catalog/catalog.ts'
export type { Catalog, CatalogEvent } from './catalog/catalog.ts'
export { entity } from './catalog/entity.ts'
export type { Entity, EventDefinition, EventOptions } from './catalog/entity.ts'
export type { EventInput, EventNames, EventOf, EventOutput } from './catalog/event-types.ts'
export { lint } from './catalog/lint.ts'
export type { LintFinding, LintRule, LintedSubscription } from './catalog/lint.ts'
export { nearest } from './catalog/nearest.ts'
export { matches } from './catalog/pattern.ts'
export type { MatchingNames, ValidPattern, ValidPatterns } from './catalog/typed-pattern.ts'

export { brokerNames, publisherTopology, subscriptionTopology } from './amqp/names.ts'
export type { BrokerNames, SubscriptionTopologyOptions } from './amqp/names.ts'
export type { Topology } from './amqp/topology.ts'
export type { TlsOptions } from './amqp/tls.ts'

export type { EventEnvelope } from './envelope/event.ts'
export { errorCodes, isWarrenError, WarrenError } from './errors.ts'
export type { ErrorCode } from './errors.ts'

export type { DirectContext } from './inbox/direct.ts'
export { NonRetryableError } from './inbox/retry-policy.ts'
export type { RetryOptions } from './inbox/retry-policy.ts'
export type { AnyEvent, Handler, HandlerContext, SubscriptionOptions } from './inbox/subscription.ts'
export type { SettledMessage } from './inbox/subscriber.ts'

export { jsonLogger, silentLogger } from './logger.ts'
export type { Logger } from './logger.ts'
export type { PublishedEvent } from './outbox/outbox.ts'
export type { PublishOptions } from './outbox/publish.ts'
export type { RelayedEvent } from './outbox/relay.ts'
export type { ReconcileOptions } from './reconcile/settings.ts'
export type { BrokerWatch, QueueView, WatchedBinding, WatchedQueue } from './reconcile/watch.ts'
export { deliveryOf } from './reconcile/delivery.ts'
export type { DeliveryFacts, DeliveryState, Interest } from './reconcile/delivery.ts'
export { RECONCILER_LEASE_GROUP } from './reconcile/lease.ts'
export { statusOf } from './reconcile/state.ts'
export type { SubscriptionProblem, SubscriptionState, SubscriptionStatus } from './reconcile/state.ts'
export { planBackfill } from './reconcile/backfill-plan.ts'
export type { BackfillPlan, BackfillQuestion } from './reconcile/backfill-plan.ts'
export { Signal } from './signal.ts'
export type * from './store/contract/reconciliation.ts'
export type {
  Backfill,
  BackfillAction,
  BackfillFilter,
  BackfillHold,
  BackfillState,
  BackfillStore,
} from './store/contract/backfill.ts'
export type * from './store/contract/bulk.ts'
export type * from './store/contract/compensation.ts'
export type * from './store/contract/order.ts'
export type { DeliverySample, SampleReads, UnhandledSample } from './store/contract/samples.ts'
export type * from './store/store.ts'
export type * from './store/contract/watch.ts'
export type { Telemetry } from './telemetry.ts'
