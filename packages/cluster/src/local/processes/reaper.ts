/**
 * A process of its own: `node reaper.ts <folder>`. Waits until the owner of the folder is gone, then ends the servers that
 * run in it and removes it. Goes away when the folder does, or when the servers are released from their owner.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive } from './identity.ts'
import { ownerOf } from './owner.ts'
import { removePlace } from './place.ts'

const POLL_MS = 250

const folder = process.argv[2]
if (folder === undefined) throw new Error('usage: reaper <folder>')

for (;;) {
  const owner = await ownerOf(folder)
  if (!owner) break
  if (!(await isAlive(owner))) {
    await removePlace(folder)
    break
  }
  await delay(POLL_MS)
}
