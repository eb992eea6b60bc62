import type { Command } from 'commander'
import { addSubscriptionsPause } from './subscriptions/pause.ts'
import { addSubscriptionsList } from './subscriptions/list.ts'
import { addSubscriptionsRetire } from './subscriptions/retire.ts'

export function addSubscriptions(subscriptions: Command): void {
  addSubscriptionsList(subscriptions)
  addSubscriptionsPause(subscriptions, 'pause')
  addSubscriptionsPause(subscriptions, 'resume')
  addSubscriptionsRetire(subscriptions)
}
