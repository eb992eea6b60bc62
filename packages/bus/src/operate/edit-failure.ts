import { createHash } from 'node:crypto'
import type { Catalog } from '../catalog/catalog.ts'
import { WarrenError } from '../errors.ts'
import { DEFAULT_MAX_BODY_BYTES } from '../outbox/publish.ts'
import type { EditOutcome, Failure } from '../store/store.ts'
import type { NamedStore, StoreRow } from './named-store.ts'
import { readStores } from './named-store.ts'

/** Names what a person has seen of a failure, so that nobody changes what somebody else has changed meanwhile. */
export function versionOf({ payload, encoding }: Pick<Failure, 'payload' | 'encoding'>): string {
  return createHash('sha256').update(`${encoding}\n${payload}`).digest('hex')
}

/** One failure; null when none of the stores has it. */
export async function findFailure(
  stores: readonly NamedStore[],
  { subscription, messageId }: Pick<Failure, 'subscription' | 'messageId'>,
): Promise<StoreRow<Failure> | null> {
  const [failure] = await readStores(stores, (store) => store.failures.list({ subscription, messageId, limit: 1 }))
  return failure ?? null
}

/**
 * Gives a failure another payload, and has it handled again: the same message. Throws EVENT_TOO_LARGE above 1 MiB, and
 * EVENT_INVALID for what is not JSON; with a catalog also EVENT_UNKNOWN, and EVENT_INVALID with the path of each field.
 */
export async function editFailure(
  stores: readonly NamedStore[],
  failure: StoreRow<Failure>,
  edited: string,
  options: { readonly actor: string; readonly catalog?: Catalog | undefined },
): Promise<EditOutcome> {
  await checkPayload(failure.name, edited, options.catalog)
  const store = stores.find(({ label }) => label === failure.store)?.store
  if (store === undefined) return 'unknown'
  return store.failures.edit(failure, { original: failure.payload, edited }, options.actor)
}

/** See editFailure(). */
export async function checkPayload(name: string, payload: string, catalog?: Catalog): Promise<void> {
  const bodyBytes = Buffer.byteLength(payload)
  if (bodyBytes > DEFAULT_MAX_BODY_BYTES) {
    throw new WarrenError(
      'EVENT_TOO_LARGE',
      `the payload has ${bodyBytes} bytes, and an event has ${DEFAULT_MAX_BODY_BYTES} at most`,
      { name, bodyBytes },
    )
  }
  let data: unknown
  try {
    data = JSON.parse(payload)
  } catch (error) {
    // What the parser says quotes the payload.
    const place = /position \d+( \(line \d+ column \d+\))?/.exec(error instanceof Error ? error.message : '')?.[0]
    throw new WarrenError('EVENT_INVALID', `the payload is not JSON${place === undefined ? '' : `, at ${place}`}`, {
      name,
    })
  }
  await catalog?.validate(name, data)
}
