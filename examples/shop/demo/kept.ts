import { attachPostgres, listClusters } from '@warren/cluster/local'
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServiceName } from '../services/services.ts'

/** A demo whose broker and stores were left there. */
export interface KeptDemo {
  readonly home: string
  /** Null: the nodes are somebody else's. */
  readonly cluster: string | null
  /** The private database server; null without one. */
  readonly server: string | null
  readonly endpoints: readonly string[]
  readonly stores: Readonly<Record<ServiceName, string>>
}

export const project = fileURLToPath(new URL('../../..', import.meta.url))

/** Where a configuration finds it without starting anything. */
const file = join(process.env['WARREN_HOME'] ?? join(project, '.warren'), 'kept-demos.json')

/** In the order in which they were kept. */
export function readKeptDemos(): readonly KeptDemo[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly KeptDemo[]
  } catch {
    return []
  }
}

export async function addKeptDemo(demo: KeptDemo): Promise<void> {
  // The cluster's password is in it.
  await writeFile(file, JSON.stringify([...readKeptDemos(), demo], null, 2), { mode: 0o600 })
}

/** Takes away what kept demos have left; databases on a server of somebody else's stay. Returns how many demos. */
export async function clearKeptDemos(): Promise<number> {
  const demos = readKeptDemos()
  for (const { home, cluster, server } of demos) {
    for (const found of await listClusters({ home })) if (found.name === cluster) await found.down()
    if (server !== null) await (await attachPostgres({ home, name: server }))?.down()
  }
  await rm(file, { force: true })
  return demos.length
}
