import type { FoundMessage, NamedStore } from '@warren/bus/operate'
import { CliError } from '../../errors.ts'

/** Looks for a message in all stores. Throws MESSAGE_UNKNOWN when none of them knows it. */
export async function findMessage(stores: readonly NamedStore[], id: string): Promise<FoundMessage> {
  const { readMessage } = await import('@warren/bus/operate')
  const found = await readMessage(stores, id)
  if (found.sent.length + found.received.length === 0) throw unknownMessage(stores, id)
  return found
}

export function unknownMessage(stores: readonly NamedStore[], id: string): CliError {
  const places = stores.map(({ label }) => label).join(', ')
  return new CliError(
    'MESSAGE_UNKNOWN',
    `no message ${id} in ${places}; name the store of its publisher or of a subscriber`,
  )
}
