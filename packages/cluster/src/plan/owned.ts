import { createHash } from 'node:crypto'
import { api } from '../management/path.ts'
import type { ManagementClient } from '../management/client.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'

/**
 * What a spec owns is written on the broker: a global parameter of this name and the spec's, with a short hash of every
 * object that an apply of that spec has created or found. Only those are ever pruned: what services and people make by hand
 * in the same vhost is nobody's to delete.
 */
export const OWNED_PREFIX = 'warren.owned.'

/** 66 bits: among a million objects two of the same hash are as likely as one in ten million. */
const HASH_LENGTH = 11

export function ownershipHash(identity: string): string {
  return createHash('sha256').update(identity).digest('base64url').slice(0, HASH_LENGTH)
}

/** Hashes of what the spec owned when the broker was read. */
export function ownedIn(snapshot: Snapshot, spec: string): ReadonlySet<string> {
  const found = snapshot.definitions.global_parameters.find(({ name }) => name === OWNED_PREFIX + spec)
  // An object with a list, not the list alone: 3.10 takes an empty list for an empty text.
  const value: unknown = found?.value
  const hashes: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'objects') : undefined
  return new Set(Array.isArray(hashes) ? hashes.filter((hash): hash is string => typeof hash === 'string') : [])
}

export async function writeOwned(client: ManagementClient, spec: string, hashes: ReadonlySet<string>): Promise<void> {
  const name = OWNED_PREFIX + spec
  await client.put(api`global-parameters/${name}`, { name, value: { objects: [...hashes].toSorted() } })
}
