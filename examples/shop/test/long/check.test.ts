import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testVhost } from '../../../../test/support/broker.ts'
import type { TestVhost } from '../../../../test/support/broker.ts'
import { testDatabase } from '../../../../test/support/postgres.ts'
import { runDemo } from '../support/run-demo.ts'

const TIMEOUT_MS = 300_000

/** Busy subscribers are killed while they hold what they have committed and not yet acknowledged. */
const harsh =
  '--orders 80 --rate 10 --restart-services --victims crm,warehouse --hold 800 --fail-percent 0 --json'.split(' ')

describe('the check of the demo', () => {
  let broker: TestVhost

  beforeAll(async () => {
    broker = await testVhost()
  })
  afterAll(() => broker.drop())

  it('is passed on PostgreSQL too, with every acknowledgement late', { timeout: TIMEOUT_MS }, async () => {
    const database = await testDatabase()
    const { code, result, stderr } = await runDemo([...harsh, '--store', 'postgres'], {
      ...urlsOf(await testVhost()),
      DATABASE_URL: database.url,
    })
    await database.drop()
    expect(result, stderr).toMatchObject({ lost: 0, duplicated: 0, ghosts: 0, store: 'postgres' })
    expect(code).toBe(0)
  })

  it('fails when messages are acknowledged before the commit', { timeout: TIMEOUT_MS }, async () => {
    const { code, result, stderr } = await runDemo([...harsh, '--sabotage', 'ack-before-commit'], urlsOf(broker))
    expect(result['lost'], stderr).toBeGreaterThan(0)
    expect(stderr).toMatch(/Not every event had its effect once: \d+ lost/)
    expect(code).toBe(1)
  })

  it('fails when the inbox is switched off', { timeout: TIMEOUT_MS }, async () => {
    const { code, result, stderr } = await runDemo([...harsh, '--sabotage', 'no-inbox'], urlsOf(await testVhost()))
    expect(result['duplicated'], stderr).toBeGreaterThan(0)
    expect(stderr).toMatch(/applied twice/)
    expect(code).toBe(1)
  })
})

function urlsOf({ amqpUrls }: TestVhost): { WARREN_ENDPOINTS: string } {
  return { WARREN_ENDPOINTS: amqpUrls.join() }
}
