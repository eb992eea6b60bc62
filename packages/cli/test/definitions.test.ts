import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from '@warren/cluster/local'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { privateCluster } from '../../../test/support/broker.ts'
import { type Finished, warren } from './support/run.ts'

let cluster: Cluster
let folder: string

beforeAll(async () => {
  cluster = await privateCluster({ nodes: 1 })
  folder = await mkdtemp(join(tmpdir(), 'warren-definitions-'))
}, 120_000)
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await cluster.down()
}, 60_000)

async function run(...args: string[]): Promise<Finished> {
  const { username, password } = cluster.credentials
  const env = { WARREN_MANAGEMENT_USER: username, WARREN_MANAGEMENT_PASSWORD: password }
  return await warren(['definitions', ...args], { cwd: folder, env })
}

test('exports, compares, and imports what is new after a question', async () => {
  const url = cluster.nodes[0]!.managementUrl
  expect(await run('export', '--from', url, '--with-secrets', '--out', 'all.json')).toMatchObject({ code: 0 })
  expect((await stat(join(folder, 'all.json'))).mode & 0o777).toBe(0o600)
  expect(await run('export', '--from', url, '--out', 'all.json')).toMatchObject({ code: 64 })
  expect(await run('diff', 'all.json', url)).toMatchObject({ code: 0, stdout: 'no difference\n' })

  const all = JSON.parse(await readFile(join(folder, 'all.json'), 'utf8')) as { vhosts: object[] }
  await writeFile(join(folder, 'more.json'), JSON.stringify({ ...all, vhosts: [...all.vhosts, { name: 'new' }] }))
  expect((await run('diff', url, 'more.json')).code).toBe(2)
  const dry = await run('import', 'more.json', '--to', url, '--dry-run', '--json')
  expect(dry.code).toBe(2)
  expect(dry.json()).toMatchObject({ steps: [{ action: 'create', section: 'vhosts' }], blocking: [] })
  expect((await run('import', 'more.json', '--to', url)).stderr).toContain('CONFIRMATION_REQUIRED')
  expect(await run('import', 'more.json', '--to', url, '--yes')).toMatchObject({ code: 0 })
  expect((await run('diff', 'more.json', url)).stdout).not.toContain('added vhosts name="new"')
}, 60_000)
