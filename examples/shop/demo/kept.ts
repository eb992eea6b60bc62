import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServiceName } from '../services/services.ts'

/** What `warren.config.ts` needs to know of a demo that was kept. */
export interface KeptDemo {
  readonly endpoints: readonly string[]
  readonly stores: Readonly<Record<ServiceName, string>>
}

const project = fileURLToPath(new URL('../../..', import.meta.url))
const file = join(process.env['WARREN_HOME'] ?? join(project, '.warren'), 'kept-demo.json')

/** For the `warren` command of a later moment; the last demo that was kept counts. */
export async function writeKeptDemo(demo: KeptDemo): Promise<void> {
  // The cluster's password is in it.
  await writeFile(file, JSON.stringify(demo, null, 2), { mode: 0o600 })
}

/** Null when none was kept. */
export function readKeptDemo(): KeptDemo | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as KeptDemo
  } catch {
    return null
  }
}
