import { describe, expect, test } from 'vitest'
import { newId } from '../../../src/envelope/uuid.ts'
import type { Sql } from '../../../src/store/store.ts'
import { codeOf, event, message } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeTransactions(subject: Subject): void {
  const { write, effects, claim, statusOf } = subject
  describe('transactions', () => {
    test('a transaction commits when its work resolves, and resolves with its value', async () => {
      const value = await subject.store.transaction(async (tx) => {
        await write(tx, 'a')
        return 42
      })
      expect(value).toBe(42)
      expect(await effects()).toEqual(['a'])
    })

    test('a transaction whose work rejects leaves nothing and rethrows', async () => {
      const id = newId()
      const run = subject.store.transaction(async (tx) => {
        await write(tx, 'a')
        await subject.store.outbox.append(tx, [event()])
        await subject.store.inbox.receive(tx, 'order.crm', [message({ id })])
        throw new Error('no')
      })
      await expect(run).rejects.toThrow('no')
      expect(await effects()).toEqual([])
      expect(await claim()).toEqual([])
      expect(await subject.store.messages.sent({})).toEqual([])
      expect(await statusOf(id)).toBeUndefined()
    })

    test('a handle is dead once its transaction is over, whichever way it ended', async () => {
      const handles: Sql[] = []
      await subject.store.transaction((tx) => Promise.resolve(handles.push(tx)))
      await subject.store
        .transaction((tx) => Promise.reject(new Error(String(handles.push(tx)))))
        .catch(() => undefined)
      for (const handle of handles) expect(await codeOf(write(handle, 'late'))).toBe('TRANSACTION_CLOSED')
      expect(await effects()).toEqual([])
    })

    test('a failed statement fails the transaction', async () => {
      const run = subject.store.transaction(async (tx) => {
        await write(tx, 'a')
        await tx.query('insert into no_such_table values (1)')
      })
      await expect(run).rejects.toThrow('no_such_table')
      expect(await effects()).toEqual([])
    })

    test('transactions of one store run while others wait', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, n) => subject.store.transaction((tx) => write(tx, String(n).padStart(2, '0')))),
      )
      expect(await effects()).toHaveLength(20)
    })

    test('query() reads what is committed', async () => {
      const { rows } = await subject.store.query<{ sum: number }>('select 1 + cast($1 as integer) as sum', [2])
      expect(rows).toEqual([{ sum: 3 }])
    })
  })
}
