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
}, 120_000)

test('exports and imports what it is told to change, and says so', async () => {
  const url = cluster.nodes[0]!.managementUrl
  const args = ['--from', url, '--with-secrets', '--drop-users', '--rename-vhost', '/=root', '--out', 'changed.json']
  const { code, stderr } = await run('export', ...args)
  expect([code, stderr]).toEqual([0, expect.stringContaining('note user-dropped')])
  const changed = JSON.parse(await readFile(join(folder, 'changed.json'), 'utf8')) as Record<string, { name: string }[]>
  expect([changed['users'], changed['vhosts']?.map(({ name }) => name).includes('root')]).toEqual([[], true])
  const typo = await run('import', 'changed.json', '--to', url, '--rename-vhost', 'rot=/', '--dry-run')
  expect(typo).toMatchObject({ code: 64, stderr: expect.stringContaining('no vhost "rot" to rename') as string })
}, 120_000)

test('syncs sections into an environment of warren.yaml, and refuses what would be the same broker', async () => {
  const url = cluster.nodes[0]!.managementUrl
  await writeFile(
    join(folder, 'warren.yaml'),
    `endpoints: ['\${BROKER}']\nenvironments: { staging: { BROKER: '${url}' }, prod: { BROKER: '${url}' } }\n`,
  )
  const policy = {
    vhost: '/',
    name: 'synced',
    pattern: 'a',
    definition: { expires: 5000 },
    priority: 0,
    'apply-to': 'all',
  }
  const old = { ...policy, name: 'ha', definition: { 'ha-mode': 'all' } }
  await writeFile(
    join(folder, 'source.json'),
    JSON.stringify({ users: [], vhosts: [{ name: '/' }], policies: [policy, old] }),
  )
  const dry = await run('sync', 'source.json', 'prod', '--only', 'policies', '--to-quorum', '--dry-run', '--json')
  expect([dry.code, dry.json()]).toMatchObject([
    2,
    { steps: [{ action: 'create', identity: { name: 'synced' } }], blocking: [], notes: [{ rule: 'policy-dropped' }] },
  ])
  const done = await run('sync', 'source.json', 'prod', '--only', 'policies', '--to-quorum', '--yes')
  expect(done).toMatchObject({ code: 0, stdout: '1 object imported and read again\n' })
  const itself = await run('sync', 'staging', 'prod', '--only', 'policies')
  expect(itself).toMatchObject({ code: 64, stderr: expect.stringContaining('are the same broker') as string })
  expect((await run('sync', 'source.json', 'prd', '--only', 'policies')).stderr).toContain('did you mean "prod"?')
}, 120_000)
