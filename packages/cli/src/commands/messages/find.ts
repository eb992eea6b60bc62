import type { InboxEntry, SentMessage } from '@warren/bus'
import { CliError } from '../../errors.ts'
import type { StoreRow } from '../../store-rows.ts'
import type { NamedStore } from '../../stores.ts'

/** One event on both sides, as far as the stores know it. */
export interface FoundMessage {
  readonly id: string
  /** More than one only when a service's database was copied. */
  readonly sent: readonly StoreRow<SentMessage>[]
  readonly received: readonly StoreRow<InboxEntry>[]
}

/** Looks for a message in all stores. Throws MESSAGE_UNKNOWN when none of them knows it. */
export async function findMessage(stores: readonly NamedStore[], id: string): Promise<FoundMessage> {
  const found = await lookForMessage(stores, id)
  if (found.sent.length + found.received.length === 0) throw unknownMessage(stores, id)
  return found
}

/** The same, empty where nothing is known. */
export async function lookForMessage(stores: readonly NamedStore[], id: string): Promise<FoundMessage> {
  const traces = await Promise.all(
    stores.map(async ({ label, store }) => ({ store: label, ...(await store.messages.trace(id)) })),
  )
  const sent = traces.flatMap(({ store, sent }) => (sent === null ? [] : [{ store, ...sent }]))
  const received = traces.flatMap(({ store, received }) => received.map((entry) => ({ store, ...entry })))
  return { id, sent, received }
}

export function unknownMessage(stores: readonly NamedStore[], id: string): CliError {
  const places = stores.map(({ label }) => label).join(', ')
  return new CliError(
    'MESSAGE_UNKNOWN',
    `no message ${id} in ${places}; name the store of its publisher or of a subscriber`,
  )
}
