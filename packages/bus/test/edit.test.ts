import { beforeAll, describe, expect, it } from 'vitest'
import { sharedCluster } from '../../../test/support/broker.ts'
import { closed, moved, opened } from './support/bank.ts'
import { makeBank } from './support/ordered.ts'
import { rawChannel, rawPublish } from './support/raw.ts'
import { eventually as within, makeService, storeKinds } from './support/service.ts'

/** Many steps, each of which takes its time where the machine has other work. */
const eventually: typeof within = (check) => within(check, 60_000)

// Its start is not the first test's.
beforeAll(async () => {
  await sharedCluster()
})

describe.each(storeKinds)('a failure that a person edits, with a %s store', (kind) => {
  it('is handled once with the new payload, in its place, and those behind it follow', async () => {
    const { bus, store, endpoints } = await makeBank({ kind })
    const handled: string[] = []
    await bus.subscribe(
      'account.ledger',
      ['account.#'],
      ({ entityId, sequence, data }) => {
        if (data.step === 13) throw new Error('13 is unlucky')
        handled.push(`${entityId}${sequence} step ${data.step}`)
      },
      { ordered: true, timeoutMs: 5_000, retry: { attempts: 1, immediate: 0 } },
    )
    await bus.start()
    await bus.publish(opened, { account: 'a' })
    const { id: messageId } = await bus.publish(moved, { account: 'a', step: 13 })
    await bus.publish(closed, { account: 'a' })
    const failure = await eventually(async () => (await store.failures.list({ messageId, state: 'parked' }))[0])
    await eventually(async () => (await store.failures.blocked({}))[0]?.waiting === 1)

    const edited = '{"account":"a","step":12}'
    expect(await store.failures.edit(failure, { original: failure.payload, edited }, 'ann')).toBe('edited')
    await eventually(() => handled.length === 3)
    expect(handled).toEqual(['a1 step 0', 'a2 step 12', 'a3 step 0'])
    const isSettled = async () => (await store.failures.list({})).length === 0
    await eventually(isSettled)

    // It comes once more, as it was published.
    const channel = await rawChannel(endpoints)
    await rawPublish(channel, 'ex.account.topic', moved, { account: 'a', step: 13 }, { messageId, appId: 'bank' })
    await bus.publish(opened, { account: 'b' })
    await eventually(() => handled.length === 4)
    expect(handled.at(-1)).toBe('b1 step 0')
    await eventually(isSettled)
  })
})

it('is not settled by who handles its old payload at that moment, whether that succeeds or fails', async () => {
  const { bus, store } = await makeService({ kind: 'postgres' })
  await store.start()
  await store.transaction((tx) => tx.query('create table paid (amount integer)'))
  const amounts = async () => (await store.query<{ amount: number }>('select amount from paid order by 1')).rows
  let gate = Promise.withResolvers<'succeed' | 'fail'>()
  let hasBegun = Promise.withResolvers<undefined>()
  const starts = new Map<number, number>()
  await bus.subscribe(
    'order.crm',
    ['order.#'],
    async ({ data: { amount } }, { tx }) => {
      const started = (starts.get(amount) ?? 0) + 1
      starts.set(amount, started)
      await tx.query('insert into paid values ($1)', [amount])
      if (amount < 10 && started === 1) throw new Error('not at once')
      if (amount >= 10) return
      hasBegun.resolve(undefined)
      if ((await gate.promise) === 'fail') throw new Error('broken')
    },
    // A failure that is recorded parks it.
    { timeoutMs: 60_000, retry: { attempts: 2, delayMs: 10, factor: 1, immediate: 0 } },
  )
  await bus.start()
  for (const [n, outcome] of (['succeed', 'fail'] as const).entries()) {
    gate = Promise.withResolvers()
    hasBegun = Promise.withResolvers()
    const { id: messageId } = await bus.publish('order.payment.onPaid', { orderId: 'o', amount: n })
    await hasBegun.promise
    const [failure] = await store.failures.list({ messageId })
    const edited = JSON.stringify({ orderId: 'o', amount: 10 + n })
    expect(await store.failures.edit(failure!, { original: failure!.payload, edited }, 'ann')).toBe('edited')
    gate.resolve(outcome)
    await eventually(async () => (await amounts()).some(({ amount }) => amount === 10 + n))
    expect((await store.messages.trace(messageId)).received).toMatchObject([{ status: 'handled' }])
  }
  expect(await amounts()).toEqual([{ amount: 10 }, { amount: 11 }])
})
