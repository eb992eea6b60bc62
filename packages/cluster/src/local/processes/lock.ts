import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { identify, isAlive, type ProcessIdentity } from './identity.ts'
import { until } from './until.ts'

/**
 * Runs `act` while no other process holds the lock file; waits for its turn, and takes over from a process that died.
 * `onWait` is called once if it has to wait.
 */
export async function withLock<T>(path: string, act: () => Promise<T>, onWait?: () => void): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  let hasWaited = false
  const release = await until(async () => {
    const taken = await tryLock(path)
    if (!taken && !hasWaited) {
      hasWaited = true
      onWait?.()
    }
    return taken
  }, Number.POSITIVE_INFINITY)
  try {
    return await act()
  } finally {
    await release?.()
  }
}

async function tryLock(path: string): Promise<(() => Promise<void>) | undefined> {
  // Written aside and linked into place: the lock appears with its content or not at all.
  const own = `${path}.${randomUUID()}`
  await writeFile(own, JSON.stringify(await identify(process.pid)))
  try {
    await link(own, path)
    return () => rm(path, { force: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    await removeStale(path)
    return undefined
  } finally {
    await rm(own, { force: true })
  }
}

/** Two waiters may both see a dead holder; only the one behind the guard removes, and looks again first. */
async function removeStale(path: string): Promise<void> {
  if (await isHeld(path)) return
  const guard = `${path}.stale`
  try {
    await writeFile(guard, '', { flag: 'wx' })
  } catch {
    const age = await stat(guard).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    )
    if (age > 10_000) await rm(guard, { force: true })
    return
  }
  try {
    if (!(await isHeld(path))) await rm(path, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}

async function isHeld(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return false
  return await isAlive(JSON.parse(text) as ProcessIdentity)
}
