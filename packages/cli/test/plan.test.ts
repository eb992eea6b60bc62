import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { api, type ManagementClient } from '@warren/cluster/management'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sharedCluster } from '../../../test/support/broker.ts'
import { type Finished, shopFolder, warren } from './support/run.ts'

const vhost = `plan-${randomUUID().slice(0, 8)}`
const canaries = { password: 'canary-user-password' }
let folder: string
let client: ManagementClient
let env: Record<string, string>
let url: string

const spec = `
name: ${vhost}
environments:
  test: { LENGTH: 10 }
users:
  ${vhost}: { password: { env: USER_PASSWORD } }
vhosts:
  ${vhost}:
    exchanges:
      ex.order.topic: { type: topic }
    queues:
      qu.order.crm: { type: quorum }
    bindings:
      - { from: ex.order.topic, toQueue: qu.order.crm, keys: ['order.#'] }
    policies:
      short: { pattern: '^qu', applyTo: queues, definition: { max-length: '\${LENGTH}' } }
`

beforeAll(async () => {
  const cluster = await sharedCluster()
  client = cluster.managementClient()
  url = cluster.nodes[0]!.managementUrl
  folder = await mkdtemp(join(tmpdir(), 'warren-plan-'))
  await writeFile(join(folder, 'warren.yaml'), spec)
  const { username, password } = cluster.credentials
  env = {
    WARREN_MANAGEMENT_USER: username,
    WARREN_MANAGEMENT_PASSWORD: password,
    USER_PASSWORD: canaries.password,
  }
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  for (const path of [api`vhosts/${vhost}`, api`users/${vhost}`, api`global-parameters/${`warren.owned.${vhost}`}`]) {
    await client.delete(path).catch(() => undefined)
  }
})

async function run(...args: string[]): Promise<Finished> {
  const finished = await warren([...args, '--url', url, '--env', 'test'], { cwd: folder, env })
  const shown = finished.stdout + finished.stderr
  for (const secret of [...Object.values(canaries), env['WARREN_MANAGEMENT_PASSWORD']!])
    expect(shown).not.toContain(secret)
  return finished
}

// The steps of one story, in this order.
describe('a cluster as code', () => {
  test('is planned: exit 2, and nothing is changed', async () => {
    const { code, stdout } = await run('plan', '--out', 'plan.json')
    expect(stdout).toContain('+ create queue qu.order.crm')
    expect(stdout).toMatch(/qu\.order\.crm in .*: not there → short \{"max-length":10\}/)
    expect(stdout).toMatch(/^6 steps: 6 to create$/m)
    expect(code).toBe(2)
    expect(await client.find(api`vhosts/${vhost}`)).toBeUndefined()
    expect(await readFile(join(folder, 'plan.json'), 'utf8')).not.toContain(canaries.password)
  })

  test('is written over an older plan, and over nothing else', async () => {
    expect((await run('plan', '--out', 'plan.json')).code).toBe(2)
    const { code, stderr } = await run('plan', '--out', 'warren.yaml')
    expect(stderr).toMatch(/^warren: USAGE_INVALID: warren\.yaml is there already and no plan/m)
    expect(code).toBe(64)
    expect(await readFile(join(folder, 'warren.yaml'), 'utf8')).toBe(spec)
  })

  test('is applied only when somebody agrees', async () => {
    const refused = await run('apply')
    expect(refused.stderr).toMatch(/^warren: CONFIRMATION_REQUIRED/m)
    expect(refused.code).toBe(64)
    const { code, stdout, stderr } = await run('apply', '--plan', 'plan.json', '--yes')
    expect(stderr).toMatch(/^\[1\/6\] done: create user/m)
    expect(stdout).toBe('6 of 6 steps done\n')
    expect(code).toBe(0)
  })

  test('is then as it should be', async () => {
    const [plan, drift, again] = [await run('plan'), await run('drift'), await run('apply', '--json')]
    expect(plan.stdout).toContain('nothing to change')
    expect(drift.stdout).toBe('no drift\n')
    expect(again.json()).toEqual({ isComplete: true, results: [], left: [] })
    expect([plan.code, drift.code, again.code]).toEqual([0, 0, 0])
  })

  test('refuses a plan that is not what would be done now', async () => {
    const { code, stderr } = await run('apply', '--plan', 'plan.json', '--yes')
    expect(stderr).toMatch(/^warren: PLAN_STALE: nothing was changed/m)
    expect(code).toBe(1)
  })

  test('tells what was changed behind its back: exit 2', async () => {
    await client.put(api`policies/${vhost}/short`, {
      pattern: '^qu',
      'apply-to': 'queues',
      definition: { 'max-length': 99 },
    })
    await client.put(api`users/${vhost}`, { password: 'another', tags: '' })
    const { code, stdout } = await run('drift')
    expect(stdout).toContain('definition.max-length: 99 → 10')
    expect(stdout).toContain('password: "***" → "***"')
    expect(code).toBe(2)
    expect((await run('apply', '--only', 'policy', '--yes')).code).toBe(0)
    expect((await run('drift', '--json')).json()).toMatchObject({ drift: [{ kind: 'user', name: vhost }] })
    expect((await run('apply', '--yes')).code).toBe(0)
  })

  test('is written from a broker, without passwords, such that there is nothing to change', async () => {
    const { stdout } = await warren(['spec', 'init', '--from', url], { cwd: folder, env })
    expect(stdout).not.toMatch(/canary|hash/)
    expect(stdout).toContain('qu.order.crm:')
    await writeFile(join(folder, 'adopted.yaml'), stdout)
    const plan = await warren(['plan', '--spec', 'adopted.yaml', '--url', url, '--json'], { cwd: folder, env })
    const { steps } = plan.json() as { readonly steps: readonly { readonly vhost?: string }[] }
    // Other tests change other vhosts meanwhile.
    expect(steps.filter((step) => step.vhost === vhost)).toEqual([])
  })
})

test.each([
  ['no spec', ['plan'], /^warren: SPEC_NOT_FOUND: there is no warren\.yaml here or above/m, 66],
  ['a spec that is not there', ['plan', '--spec', 'none.yaml'], /^warren: SPEC_NOT_FOUND/m, 66],
] as const)('says that there is %s', async (_, args, expected, code) => {
  const finished = await warren(args, { cwd: '/', env: {} })
  expect(finished.stderr).toMatch(expected)
  expect(finished.code).toBe(code)
})

test('checks a spec without a broker', async () => {
  expect((await warren(['spec', 'check', '--env', 'test'], { cwd: folder })).code).toBe(0)
  const { code, stderr } = await warren(['spec', 'check', '--env', 'tests'], { cwd: folder })
  expect(stderr).toMatch(/^warren: SPEC_INVALID: .*did you mean "test"\?/m)
  expect(code).toBe(78)
})

test('writes a spec from a catalog, and overwrites none', async () => {
  const { stdout } = await warren(['spec', 'from-catalog', '--vhost', 'shop'], { cwd: shopFolder })
  expect(stdout).toMatch(/qu\.order\.crm:\n +type: quorum/)
  const out = join(folder, 'warren.yaml')
  const { code, stderr } = await warren(['spec', 'from-catalog', '--out', out], { cwd: shopFolder })
  expect(stderr).toMatch(/is there already, and is not overwritten/)
  expect(code).toBe(64)
})

test('prints the schema', async () => {
  expect((await warren(['spec', 'schema'])).json()).toMatchObject({ type: 'object' })
})

test('a wrong password is told apart from a broker that is away', async () => {
  const wrong = await warren(['plan', '--env', 'test', '--url', url], {
    cwd: folder,
    env: { ...env, WARREN_MANAGEMENT_PASSWORD: 'wrong-canary' },
  })
  expect(wrong.stderr).toMatch(/^warren: MANAGEMENT_REFUSED/m)
  expect(wrong.stderr).not.toContain('wrong-canary')
  const away = await warren(['plan', '--env', 'test', '--url', 'http://a:wrong-canary@127.0.0.1:1'], {
    cwd: folder,
    env,
  })
  expect(away.stderr).toMatch(/^warren: MANAGEMENT_UNREACHABLE/m)
  expect(away.stderr).not.toContain('wrong-canary')
  expect([wrong.code, away.code]).toEqual([69, 69])
})
