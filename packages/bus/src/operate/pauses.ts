import type { Pause } from '../store/store.ts'
import type { NamedStore } from './named-store.ts'

/** What pausing or resuming has done at one subscriber. */
export interface PausedSubscription {
  readonly store: string
  /** As it is now. */
  readonly pause: Pause | null
  /** False when it was so before. */
  readonly isChanged: boolean
}

/**
 * Pauses or resumes a subscription in the stores of its service, which sees it within a second. Empty: none of these stores is that
 * of a service that has this subscription, with an inbox.
 */
export async function changePause(
  stores: readonly NamedStore[],
  name: string,
  action: 'pause' | 'resume',
  actor: string,
): Promise<readonly PausedSubscription[]> {
  const changes = await Promise.all(
    stores.map(async ({ label, store }) => {
      const change = await store.subscriptions[action](name, actor)
      return change === null ? null : { store: label, ...change }
    }),
  )
  return changes.filter((change) => change !== null)
}
