import { access, readdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shopFolder, warren } from './support/run.ts'
import { storePlaces } from './support/stores.ts'
import type { StorePlaces } from './support/stores.ts'

// The steps of one story, in this order.
describe.each(['sqlite', 'postgres'] as const)('a store in %s', (kind) => {
  let places: StorePlaces
  let migrations: readonly string[]
  const run = (...args: string[]) => warren(args, { cwd: shopFolder, env: places.env })
  beforeAll(async () => {
    places = await storePlaces(kind)
    const files = await readdir(new URL(`../../bus/migrations/${kind}/`, import.meta.url))
    migrations = files.map((file) => file.replace('.sql', '')).sort()
  })
  afterAll(() => places.drop())

  test('is neither made nor migrated by reading', async () => {
    const read = await run('messages', 'list', '--store', 'orders')
    expect(read.stderr).toMatch(kind === 'sqlite' ? /^warren: STORE_NOT_FOUND: / : /^warren: STORE_NOT_MIGRATED: /)
    expect(read.stderr).toContain('warren store migrate')
    expect(read.code).toBe(kind === 'sqlite' ? 66 : 78)
    if (kind === 'sqlite') {
      await expect(access(places.urls.orders.slice('sqlite:'.length))).rejects.toThrow()
      return
    }
    const status = await run('store', 'status', '--store', 'orders', '--json')
    expect(status.json()).toMatchObject({ migrations: migrations.map((name) => ({ name, appliedAt: null })) })
    expect(status.stderr).toContain('warren store migrate')
    expect(status.code).toBe(2)
  })

  test('tells its migrations as SQL without a connection', async () => {
    const { stdout, code } = await run('store', 'sql', '--store', 'orders')
    expect(stdout).toContain('-- 0001_initial')
    expect(stdout).toContain(kind === 'sqlite' ? 'create table warren_outbox' : 'create table orders.outbox')
    expect(code).toBe(0)
    expect(await run('store', 'sql')).toMatchObject({ code: 64, stdout: '' })
  })

  test('is migrated once, all stores of the configuration together', async () => {
    const first = await run('store', 'migrate', '--json')
    expect(first.json()).toEqual({
      stores: [
        { store: 'orders', applied: migrations },
        { store: 'crm', applied: migrations },
      ],
    })
    expect(first.code).toBe(0)
    expect((await run('store', 'migrate')).stdout).toBe('orders: nothing to do\ncrm: nothing to do\n')
  })

  test('is read afterwards, and has nothing in it', async () => {
    const status = await run('store', 'status')
    expect(status.stdout).toMatch(/^orders +0001_initial +\d{4}-\d\d-\d\d /m)
    expect(status.code).toBe(0)
    const read = await run('messages', 'list')
    expect(read).toMatchObject({ stdout: 'Published\nnone\n\nReceived\nnone\n', stderr: '', code: 0 })
    expect((await run('failures', 'list')).stdout).toBe('no failures\n')
    expect((await run('subscriptions', 'list')).stdout).toBe('no subscriptions\n')
  })
})

test('a wrong password is told without the password', async () => {
  const places = await storePlaces('postgres')
  const url = new URL(places.urls.orders)
  url.username = 'nobody_of_that_name'
  url.password = 'topsecret'
  const { code, stdout, stderr } = await warren(['messages', 'list', '--debug', '--store', url.href])
  expect(stderr).toMatch(/^warren: STORE_UNAVAILABLE: PostgreSQL at .* cannot be reached: .*nobody_of_that_name/)
  expect(stdout + stderr).not.toContain('topsecret')
  expect(code).toBe(69)
  await places.drop()
})
