import type { Command } from 'commander'
import { addQueuesCancelSync } from './queues/cancel-sync.ts'
import { addQueuesList } from './queues/list.ts'
import { addQueuesSync } from './queues/sync.ts'

export function addQueues(queues: Command): void {
  addQueuesList(queues)
  addQueuesSync(queues)
  addQueuesCancelSync(queues)
}
