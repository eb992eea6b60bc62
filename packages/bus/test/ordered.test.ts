import { describe, expect, it } from 'vitest'
import { closed, moved, opened } from './support/bank.ts'
import { makeBank } from './support/ordered.ts'
import { eventually, storeKinds } from './support/service.ts'

describe.each(storeKinds)('an ordered subscription with a %s store', (kind) => {
  it('handles the events of one entity in the order of their commits, and those behind a failure after it', async () => {
    const { bus, store } = await makeBank({ kind })
    const handled: string[] = []
    let isBroken = true
    await bus.subscribe(
      'account.ledger',
      ['account.#'],
      ({ name, sequence, data }) => {
        if (data.account === 'a' && name === moved && isBroken) throw new Error('no')
        handled.push(`${data.account}${sequence}`)
      },
      { ordered: true, retry: { attempts: 100, delayMs: 100, factor: 1 } },
    )
    await bus.start()
    await bus.publish(opened, { account: 'a' })
    await bus.publish(moved, { account: 'a' })
    await bus.publish(opened, { account: 'b' })
    await bus.publish(closed, { account: 'a' })
    await bus.publish(closed, { account: 'b' })
    await eventually(() => handled.includes('b2'))
    await eventually(async () => (await store.failures.list({})).length === 2)
    expect(handled.toSorted()).toEqual(['a1', 'b1', 'b2'])
    isBroken = false
    await eventually(() => handled.includes('a3'))
    expect(handled.filter((each) => each.startsWith('a'))).toEqual(['a1', 'a2', 'a3'])
    await eventually(async () => (await store.failures.list({})).length === 0)
  })
})
