import type { Postgres } from '@warren/cluster/local'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { privatePostgres } from '../../../test/support/postgres.ts'
import { listeningAddresses, uidOf } from './support/processes.ts'

let server: Postgres

beforeAll(async () => {
  server = await privatePostgres({ settings: { max_connections: 17 } })
})
afterAll(async () => {
  await server.down()
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client(url)
  // A crash of the server is what some of these tests are about.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.flatMap((row) => Object.values(row))
  } finally {
    await client.end()
  }
}

test('is durable, compiles nothing just in time, and has the settings asked for', async () => {
  const settings = ['fsync', 'synchronous_commit', 'full_page_writes', 'jit', 'max_connections']
  const sql = `select current_setting(name) from unnest('{${settings.join(',')}}'::text[]) name`
  expect(await query(server.url, sql)).toEqual(['on', 'on', 'on', 'off', '17'])
})

test('takes connections over the socket too, and none without its password', async () => {
  expect(await query(server.socketUrl!, 'select 1')).toEqual([1])
  const url = new URL(server.url)
  url.password = 'guessed'
  await expect(query(url.href, 'select 1')).rejects.toThrow(/password authentication failed/)
})

test.runIf(process.platform === 'linux')('listens on the loopback interface only', async () => {
  expect(await listeningAddresses((await server.pid())!)).toEqual(['0100007F'])
})

test.runIf(process.getuid?.() === 0)('runs as an ordinary user when root starts it', async () => {
  expect(await uidOf((await server.pid())!)).toBeGreaterThan(0)
})

test('keeps committed rows through a crash', async () => {
  const url = await server.createDatabase()
  await query(url, 'create table kept as select 7 as id')
  await server.stop('immediate')
  expect(await server.state()).toBe('ended')
  await server.start()
  expect(await query(url, 'select id from kept')).toEqual([7])
  await server.dropDatabase(new URL(url).pathname.slice(1))
})

test('freezes with all its sessions, and lets them go on', async () => {
  const client = new Client(server.url)
  await client.connect()
  await server.pause()
  expect(await server.state()).toBe('paused')
  let hasAnswered = false
  const answer = client.query('select 1').then(() => (hasAnswered = true))
  try {
    const other = new Client({ connectionString: server.url, connectionTimeoutMillis: 500 })
    await expect(other.connect()).rejects.toThrow(/timeout/)
    expect(hasAnswered).toBe(false)
  } finally {
    await server.resume()
  }
  expect(await answer).toBe(true)
  await client.end()
})
