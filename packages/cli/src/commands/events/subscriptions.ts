import type { LintedSubscription } from '@warren/bus'
import type { Session } from '../../session.ts'

/** The subscriptions that the configuration names; none is no fault. */
export async function configuredSubscriptions(session: Session): Promise<readonly LintedSubscription[]> {
  const loaded = await session.config()
  return Object.entries(loaded?.config.subscriptions ?? {}).map(([name, patterns]) => ({ name, patterns }))
}
