import { spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { identify, type ProcessIdentity } from './identity.ts'
import { writeAtomically } from './server.ts'

/**
 * Binds the servers of a folder to the life of a process: when it is gone, however it went, a detached reaper ends them and
 * removes the folder. Call it before the first server is started.
 */
export async function bindToOwner(folder: string, ownerPid: number): Promise<void> {
  const owner = await identify(ownerPid)
  if (!owner) return
  await writeAtomically(ownerPath(folder), JSON.stringify(owner))
  // Sources and the published form differ in the ending only.
  const reaper = join(import.meta.dirname, `reaper${import.meta.filename.endsWith('.ts') ? '.ts' : '.js'}`)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', reaper, folder], {
    cwd: '/',
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] },
  })
  child.unref()
}

/** Lets the servers outlive their owner; the reaper goes away by itself. */
export async function releaseFromOwner(folder: string): Promise<void> {
  await rm(ownerPath(folder), { force: true })
}

export async function ownerOf(folder: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(ownerPath(folder), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as ProcessIdentity)
}

function ownerPath(folder: string): string {
  return join(folder, 'owner.json')
}
