import type { Command } from 'commander'
import { addSubscriptionsList } from './subscriptions/list.ts'
import { addSubscriptionsRetire } from './subscriptions/retire.ts'

export function addSubscriptions(subscriptions: Command): void {
  addSubscriptionsList(subscriptions)
  addSubscriptionsRetire(subscriptions)
}
