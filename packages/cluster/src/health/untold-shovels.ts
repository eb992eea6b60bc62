import { isClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import type { LinkReading } from './reading.ts'

/** A shovel as its parameter has it. */
export interface DefinedShovel {
  readonly vhost: string
  readonly name: string
}

/**
 * Shovels that are defined and that no node tells of: one that cannot connect is not listed at all on 4.0.5, while 3.10 and 4.3
 * list it as `starting` or `terminated`. `told` is to be read before, so that one that goes when it has done its work is not
 * found here. A user who may not see parameters finds none.
 */
export async function readUntoldShovels(
  client: ManagementClient,
  told: readonly DefinedShovel[],
): Promise<readonly LinkReading[]> {
  const defined = await unlessRefused(client.get<readonly DefinedShovel[]>(api`parameters/shovel`))
  const untold = untoldShovels(told, defined ?? [])
  if (untold.length === 0) return []
  const visible = await visibleVhosts(client)
  return untold
    .filter(({ vhost }) => visible === undefined || visible.has(vhost))
    .map(({ vhost, name }) => ({
      kind: 'shovel',
      vhost,
      name,
      upstream: undefined,
      id: undefined,
      node: undefined,
      state: 'not listed',
      reason: 'it is defined, and no node tells of it',
    }))
}

/** Those that are defined and not among those that nodes tell of. Pure. */
export function untoldShovels(
  told: readonly DefinedShovel[],
  defined: readonly DefinedShovel[],
): readonly DefinedShovel[] {
  const key = ({ vhost, name }: DefinedShovel) => JSON.stringify([vhost, name])
  const keys = new Set(told.map(key))
  return defined.filter((shovel) => !keys.has(key(shovel)))
}

/**
 * The vhosts whose shovels an administrator is told of: those he has permissions in, while he sees the parameters of all.
 * Undefined for other users, who see parameters, too, only where they have permissions.
 */
async function visibleVhosts(client: ManagementClient): Promise<ReadonlySet<string> | undefined> {
  const permissions = await unlessRefused(
    client.get<readonly { readonly user: string; readonly vhost: string }[]>(api`permissions`),
  )
  if (permissions === undefined) return undefined
  const { name } = await client.get<{ readonly name: string }>(api`whoami`)
  return new Set(permissions.filter(({ user }) => user === name).map(({ vhost }) => vhost))
}

async function unlessRefused<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isClusterError(error, 'MANAGEMENT_REFUSED') || isClusterError(error, 'MANAGEMENT_FORBIDDEN_OPERATION')) {
      return undefined
    }
    throw error
  }
}
