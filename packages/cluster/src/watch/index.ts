export { brokerWatch, type BrokerWatch, type BrokerWatchOptions } from './broker-watch.ts'
export type { QueueView, WatchedBinding, WatchedQueue } from './queue-view.ts'
