import { describe, expect, test } from 'vitest'
import type { Sql } from '../../../src/store/store.ts'
import { codeOf } from '../fixtures.ts'
import type { Subject } from './subject.ts'

export function describeSavepoints(subject: Subject): void {
  const { write, effects } = subject
  describe('savepoints', () => {
    test('a savepoint whose work rejects undoes its own effects alone', async () => {
      await subject.store.transaction(async (tx) => {
        await write(tx, 'before')
        await subject.store.savepoint(tx, (inner) => write(inner, 'kept'))
        const failed = subject.store.savepoint(tx, async (inner) => {
          await write(inner, 'undone')
          throw new Error('no')
        })
        await expect(failed).rejects.toThrow('no')
        await subject.store.savepoint(tx, (inner) => write(inner, 'kept too'))
        await write(tx, 'last')
      })
      expect(await effects()).toEqual(['before', 'kept', 'kept too', 'last'])
    })

    test('a failed statement behind a savepoint leaves the transaction usable', async () => {
      await subject.store.transaction(async (tx) => {
        for (let n = 0; n < 3; n++) {
          const failed = subject.store.savepoint(tx, async (inner) => {
            await write(inner, 'undone')
            await inner.query('insert into no_such_table values (1)')
          })
          await expect(failed).rejects.toThrow('no_such_table')
        }
        await write(tx, 'kept')
      })
      expect(await effects()).toEqual(['kept'])
    })

    test('savepoints nest, and an outer one takes the inner ones with it', async () => {
      await subject.store.transaction(async (tx) => {
        const failed = subject.store.savepoint(tx, async (outer) => {
          await subject.store.savepoint(outer, (inner) => write(inner, 'inner'))
          await subject.store.savepoint(outer, (inner) => write(inner, 'inner 2'))
          throw new Error('no')
        })
        await expect(failed).rejects.toThrow('no')
        await subject.store.savepoint(tx, async (outer) => {
          await subject.store
            .savepoint(outer, async (inner) => {
              await write(inner, 'undone')
              throw new Error('no')
            })
            .catch(() => undefined)
          await write(outer, 'kept')
        })
      })
      expect(await effects()).toEqual(['kept'])
    })

    test('savepoints without a statement, with a value, and started at once', async () => {
      const values = await subject.store.transaction(async (tx) => {
        await subject.store.savepoint(tx, () => Promise.resolve())
        await subject.store.savepoint(tx, () => Promise.reject(new Error('no'))).catch(() => undefined)
        return Promise.all(
          [1, 2, 3, 4].map((n) =>
            subject.store
              .savepoint(tx, async (inner) => {
                await write(inner, String(n))
                if (n % 2 === 0) throw new Error('even')
                return n
              })
              .catch(() => null),
          ),
        )
      })
      expect(values).toEqual([1, null, 3, null])
      expect(await effects()).toEqual(['1', '3'])
    })

    test('the handle of a savepoint is dead once its work has settled', async () => {
      await subject.store.transaction(async (tx) => {
        const handles: Sql[] = []
        await subject.store.savepoint(tx, (inner) => Promise.resolve(handles.push(inner)))
        await subject.store
          .savepoint(tx, (inner) => Promise.reject(new Error(String(handles.push(inner)))))
          .catch(() => undefined)
        expect(handles).toHaveLength(2)
        for (const handle of handles) expect(await codeOf(write(handle, 'late'))).toBe('TRANSACTION_CLOSED')
      })
      expect(await effects()).toEqual([])
    })
  })
}
