export {
  DEFAULT_BACKFILL_RATE,
  DEFAULT_INBOX_DAYS,
  findBackfill,
  offerBackfill,
  remainingMs,
  requestBackfills,
} from './backfills.ts'
export type { BackfillOffer, OfferedBackfill, StoredBackfill } from './backfills.ts'
export { actOnFailures, BULK_CHUNK, findBulk, runBulk } from './bulk.ts'
export type { ActedOnFailures, RunBulkOptions, StartedBulk } from './bulk.ts'
export {
  changeCompensation,
  checkCompensation,
  compensatingStores,
  orderBreaker,
  seenCompensation,
} from './compensation.ts'
export type { OrderedAt, SeenCompensation } from './compensation.ts'
export { readDeliveries, missedOf } from './deliveries.ts'
export type { Delivery, Missed } from './deliveries.ts'
export { checkPayload, editFailure, findFailure, versionOf } from './edit-failure.ts'
export { withHolders } from './holders.ts'
export { readMessage } from './message.ts'
export type { FoundMessage } from './message.ts'
export { readStores } from './named-store.ts'
export type { NamedStore, StoreRow } from './named-store.ts'
export { changePause } from './pauses.ts'
export type { PausedSubscription } from './pauses.ts'
export { readPublishers } from './publishers.ts'
export type { Publisher, WatchedSubscription } from './publishers.ts'
export { readTimeline } from './timeline.ts'
export type { Step, StepKind } from './timeline.ts'
export { alarmsOf } from './watch-alarm.ts'
export type { RaisedAlarm } from './watch-alarm.ts'
export { readWatchContext, WatchCounter } from './watch-counts.ts'
export type { WatchContext, WatchCount, WatchedDeliveries } from './watch-counts.ts'
export { checkWatch, DEFAULT_WATCH_ALARM, phaseOf, readWatches, removeWatch, saveWatch } from './watches.ts'
export type { StoredWatch, WatchPhase } from './watches.ts'
