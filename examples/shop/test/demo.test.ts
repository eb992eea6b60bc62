import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { testVhost } from '../../../test/support/broker.ts'
import type { TestVhost } from '../../../test/support/broker.ts'
import { testDatabase } from '../../../test/support/postgres.ts'

const demo = fileURLToPath(new URL('../demo/main.ts', import.meta.url))
const TIMEOUT_MS = 300_000

/** Busy subscribers are killed while they hold what they have committed and not yet acknowledged. */
const harsh =
  '--orders 80 --rate 10 --restart-services --victims crm,warehouse --hold 800 --fail-percent 0 --json'.split(' ')

describe('the demo', () => {
  it(
    'exits 0 with the truth when nodes and services are killed and transactions rolled back',
    { timeout: TIMEOUT_MS },
    async () => {
      const args = '--orders 200 --rate 20 --kill-node --restart-services --rollback-percent 10 --json'.split(' ')
      const { code, result, stderr } = await run(args, {})
      expect(result, stderr).toMatchObject({ orders: 200, lost: 0, duplicated: 0, ghosts: 0, parked: 0, unroutable: 0 })
      expect(result).toMatchObject({ applied: result['expected'], nodeKills: 1, store: 'sqlite' })
      expect(result['serviceKills']).toBeGreaterThanOrEqual(3)
      expect(result['rolledBack']).toBeGreaterThan(0)
      expect(result['publishGapMs']).toBeGreaterThan(0)
      expect(code).toBe(0)
    },
  )

  it('answers a wrong flag with exit code 2 and no stack', async () => {
    const { code, stderr } = await run(['--orders', 'many'], {})
    expect(code).toBe(2)
    expect(stderr).toMatch(/^--orders is a whole number/)
  })
})

describe('the check of the demo', () => {
  let broker: TestVhost

  beforeAll(async () => {
    broker = await testVhost()
  })
  afterAll(() => broker.drop())

  it('is passed on PostgreSQL too, with every acknowledgement late', { timeout: TIMEOUT_MS }, async () => {
    const database = await testDatabase()
    const { code, result, stderr } = await run([...harsh, '--store', 'postgres'], {
      ...urlsOf(await testVhost()),
      DATABASE_URL: database.url,
    })
    await database.drop()
    expect(result, stderr).toMatchObject({ lost: 0, duplicated: 0, ghosts: 0, store: 'postgres' })
    expect(code).toBe(0)
  })

  it('fails when messages are acknowledged before the commit', { timeout: TIMEOUT_MS }, async () => {
    const { code, result, stderr } = await run([...harsh, '--sabotage', 'ack-before-commit'], urlsOf(broker))
    expect(result['lost'], stderr).toBeGreaterThan(0)
    expect(stderr).toMatch(/Not every event had its effect once: \d+ lost/)
    expect(code).toBe(1)
  })

  it('fails when the inbox is switched off', { timeout: TIMEOUT_MS }, async () => {
    const { code, result, stderr } = await run([...harsh, '--sabotage', 'no-inbox'], urlsOf(await testVhost()))
    expect(result['duplicated'], stderr).toBeGreaterThan(0)
    expect(stderr).toMatch(/applied twice/)
    expect(code).toBe(1)
  })
})

interface Finished {
  readonly code: number | null
  /** Of the last line on the standard output, which is the only one. */
  readonly result: Readonly<Record<string, unknown>>
  readonly stderr: string
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Finished> {
  const child = spawn(process.execPath, ['--conditions=@warren/source', demo, ...args], {
    env: { ...process.env, DATABASE_URL: '', WARREN_ENDPOINTS: '', WARREN_HOME: inject('warrenRun').home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  const lines = stdout.split('\n').filter((line) => line !== '')
  if (lines.length > 1) throw new Error(`more than one line on the standard output:\n${stdout}`)
  return { code, result: JSON.parse(lines[0] ?? '{}') as Finished['result'], stderr }
}

function urlsOf({ amqpUrls }: TestVhost): { WARREN_ENDPOINTS: string } {
  return { WARREN_ENDPOINTS: amqpUrls.join() }
}
