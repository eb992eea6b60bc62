import { describe, expect, test } from 'vitest'
import { codeOf, event, gate, message } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeLife(subject: Subject): void {
  const { write, effects, append, receive } = subject
  describe('life', () => {
    test('migrations are applied once, and start() finds nothing to do', async () => {
      expect(await subject.store.migrations.migrate()).toEqual([])
      const status = await subject.store.migrations.status()
      expect(status.map(({ name }) => name)).toEqual(['0001_initial', '0002_reconciliation'])
      expect(status.every(({ appliedAt }) => appliedAt !== null)).toBe(true)
      await subject.store.start()
      expect(subject.store.migrations.sql()).toContain('0001_initial')
    })

    test('ping() resolves while the database answers, and fails on a stopped store', async () => {
      await subject.store.ping()
      await subject.store.stop()
      await subject.store.stop()
      expect(await codeOf(subject.store.ping())).toBe('STORE_UNAVAILABLE')
      expect(await codeOf(subject.store.transaction((tx) => write(tx, 'late')))).toBe('STORE_UNAVAILABLE')
      await subject.store.start()
      await subject.store.ping()
    })

    test('stop() waits for the transactions that are running', async () => {
      const [started, finish] = [gate(), gate()]
      const run = subject.store.transaction(async (tx) => {
        started.open()
        await finish.opened
        await write(tx, 'a')
      })
      await started.opened
      let isStopped = false
      const stopped = subject.store.stop().then(() => {
        isStopped = true
      })
      await new Promise(setImmediate)
      expect(isStopped).toBe(false)
      finish.open()
      await run
      await stopped
      await subject.store.start()
      expect(await effects()).toEqual(['a'])
    })

    test('isUnavailable() knows the store’s own errors, wrapped or not, and no others', async () => {
      await subject.store.stop()
      const away = await subject.store.ping().catch((error: unknown) => error)
      await subject.store.start()
      expect(subject.store.isUnavailable(away)).toBe(true)
      expect(subject.store.isUnavailable(new Error('wrapped by an ORM', { cause: away }))).toBe(true)
      const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      for (const error of [refused, new Error('no'), null, 'STORE_UNAVAILABLE'])
        expect(subject.store.isUnavailable(error)).toBe(false)
      const wrong = await subject.store.query('select * from no_such_table').catch((error: unknown) => error)
      expect(wrong).toBeInstanceOf(Error)
      expect(subject.store.isUnavailable(wrong)).toBe(false)
    })

    test('maintenance with nothing to do removes nothing', async () => {
      await append(event())
      await receive('order.crm', message())
      expect(await subject.store.maintain({ outboxDays: 30, inboxDays: 30 })).toMatchObject({ removed: [], kept: [] })
      expect(await subject.store.messages.sent({})).toHaveLength(1)
    })
  })
}
