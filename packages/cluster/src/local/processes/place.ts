import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { removeNetwork } from '../hosts/network.ts'
import { exists } from '../install/packages.ts'
import { isAlive } from './identity.ts'
import { withLock } from './lock.ts'
import { bindToOwner, ownerOf } from './owner.ts'
import { endServers } from './server.ts'

/** A folder that the servers of one cluster or database live in, and the name it goes by. */
export interface Place {
  readonly name: string
  readonly folder: string
}

/**
 * Takes a name by creating its folder, and binds what will run in it to the owner. Without a name it is `default`, or
 * `default-2` if that is taken, and so on. Returns undefined if the name given is taken. A folder whose owner died
 * together with its reaper, as in a power cut, is cleared away first; so is one that was never finished.
 */
export async function reservePlace(options: {
  readonly parent: string
  readonly name: string | undefined
  readonly ownerPid: number
  /** True if what is in the folder was set up to the end once. */
  readonly isFinished: (folder: string) => Promise<boolean>
}): Promise<Place | undefined> {
  return await withLock(join(options.parent, '.lock'), async () => {
    for (let suffix = 1; ; suffix++) {
      const name = options.name ?? (suffix === 1 ? 'default' : `default-${suffix}`)
      const folder = join(options.parent, name)
      await clearLeftovers(folder, options.isFinished)
      if (!(await exists(folder))) {
        await mkdir(folder, { mode: 0o755 })
        await bindToOwner(folder, options.ownerPid)
        return { name, folder }
      }
      if (options.name !== undefined) return undefined
    }
  })
}

async function clearLeftovers(folder: string, isFinished: (folder: string) => Promise<boolean>): Promise<void> {
  const owner = await ownerOf(folder)
  if (owner ? await isAlive(owner) : await isFinished(folder)) return
  await removePlace(folder)
}

/** Ends what runs in the folder, without grace, and removes it with its network, if it has one. */
export async function removePlace(folder: string): Promise<void> {
  await endServers(folder)
  await removeNetwork(folder)
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}
