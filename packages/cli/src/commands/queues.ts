import type { Command } from 'commander'
import { addQueuesCancelSync } from './queues/cancel-sync.ts'
import { addQueuesList } from './queues/list.ts'
import { addQueuesGrow, addQueuesShrink } from './queues/members.ts'
import { addQueuesRebalance } from './queues/rebalance.ts'
import { addQueuesSync } from './queues/sync.ts'

export function addQueues(queues: Command): void {
  queues.addHelpText(
    'after',
    '\nUser and password are those of the URL, else WARREN_MANAGEMENT_USER and WARREN_MANAGEMENT_PASSWORD.\n\nExample:\n  $ warren queues list --url http://n1:15672 --unsynchronised',
  )
  addQueuesList(queues)
  addQueuesSync(queues)
  addQueuesCancelSync(queues)
  addQueuesRebalance(queues)
  addQueuesGrow(queues)
  addQueuesShrink(queues)
}
