import type { NamedStore, Publisher } from '@warren/bus/operate'
import { CliError } from '../../errors.ts'

/** Reads the stores that publish. Throws NOT_PUBLISHING when there is none. */
export async function needPublishers(stores: readonly NamedStore[], sinceMs = 0): Promise<readonly Publisher[]> {
  const { readPublishers } = await import('@warren/bus/operate')
  const publishers = await readPublishers(stores, sinceMs)
  if (publishers.length === 0) {
    throw new CliError(
      'NOT_PUBLISHING',
      `nothing was ever published from ${stores.map(({ label }) => label).join(', ')}; name the store of a publisher`,
    )
  }
  return publishers
}

/** Throws SUBSCRIPTION_UNKNOWN, with what was meant perhaps, unless a publisher knows the name. */
export async function needSubscription(publishers: readonly Publisher[], name: string): Promise<void> {
  const known = new Set(publishers.flatMap(({ subscriptions }) => subscriptions.map((each) => each.subscription.name)))
  if (known.has(name)) return
  const { nearest } = await import('@warren/bus')
  const near = nearest(name, known)
  const places = publishers.map(({ label }) => label).join(', ')
  const hint =
    near !== undefined
      ? `did you mean "${near}"?`
      : known.size === 0
        ? 'no subscription has announced itself there'
        : `there are ${[...known].sort().join(', ')}`
  throw new CliError('SUBSCRIPTION_UNKNOWN', `${places} knows no subscription "${name}"; ${hint}`)
}
