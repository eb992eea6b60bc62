import type { InboxEntry, SentMessage } from '../store/store.ts'
import type { NamedStore, StoreRow } from './named-store.ts'

/** One event on both sides, as far as the stores know it. */
export interface FoundMessage {
  readonly id: string
  /** More than one only when a service's database was copied. */
  readonly sent: readonly StoreRow<SentMessage>[]
  readonly received: readonly StoreRow<InboxEntry>[]
}

/** Looks for a message in all stores; empty where nothing is known. */
export async function readMessage(stores: readonly NamedStore[], id: string): Promise<FoundMessage> {
  const traces = await Promise.all(
    stores.map(async ({ label, store }) => ({ store: label, ...(await store.messages.trace(id)) })),
  )
  const sent = traces.flatMap(({ store, sent }) => (sent === null ? [] : [{ store, ...sent }]))
  const received = traces.flatMap(({ store, received }) => received.map((entry) => ({ store, ...entry })))
  return { id, sent, received }
}
