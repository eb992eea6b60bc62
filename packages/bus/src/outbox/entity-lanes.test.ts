import { describe, expect, it } from 'vitest'
import type { PendingEvent } from '../store/store.ts'
import { EntityLanes } from './entity-lanes.ts'

function pending(id: string, orderKey: string | null = 'order/1', changes: Partial<PendingEvent> = {}): PendingEvent {
  return {
    ...{ id, name: 'order.payment.onPaid', entityId: '1', source: 'shop', payload: '{}', headers: {} },
    ...{ isOptional: false, bucket: 0, createdAt: new Date(0), state: 'pending', attempts: 0 },
    ...(orderKey === null ? {} : { orderKey }),
    ...changes,
  }
}

const [one, two, three] = [pending('1'), pending('2'), pending('3')]
const ids = (events: readonly PendingEvent[]) => events.map(({ id }) => id)

describe('the lanes of ordered entities', () => {
  it('let one event of an entity go at a time, in the order of their ids', () => {
    const lanes = new EntityLanes()
    expect([one, three, two].map((event) => lanes.enter(event))).toEqual(['go', 'queued', 'queued'])
    expect(lanes.leave(one)?.id).toBe('2')
    expect(lanes.leave(two)?.id).toBe('3')
    expect(lanes.leave(three)).toBeNull()
    expect(lanes.enter(pending('4'))).toBe('go')
  })

  it('keep entities apart, and hold back nothing that has no order', () => {
    const lanes = new EntityLanes()
    const others = [one, pending('5', 'order/2'), pending('6', null), pending('7', null)]
    expect(others.map((event) => lanes.enter(event))).toEqual(['go', 'go', 'go', 'go'])
  })

  it('hold back nothing behind what no queue took', () => {
    const lanes = new EntityLanes()
    expect(lanes.enter(pending('1', 'order/1', { state: 'unroutable' }))).toBe('go')
    expect(lanes.enter(two)).toBe('go')
  })

  it('send those behind an event that must wait back to the store, and let none in that an older claim brings', () => {
    const lanes = new EntityLanes()
    for (const event of [one, two, three]) lanes.enter(event)
    expect(ids(lanes.close(one))).toEqual(['2', '3'])
    // The store does not know yet: a claim that begins now may bring them too.
    lanes.claiming()
    expect(lanes.enter(two)).toBe('refused')
    // It knows, but the claim that is under way began before.
    lanes.known(['1'])
    expect(lanes.enter(two)).toBe('refused')
    lanes.claiming()
    expect(lanes.enter(one)).toBe('go')
  })

  it('stay closed when another event than the one that closed them is known', () => {
    const lanes = new EntityLanes()
    lanes.enter(one)
    lanes.close(one)
    lanes.known(['9'])
    lanes.claiming()
    expect(lanes.enter(two)).toBe('refused')
  })

  it('give back what is behind an event that is not sent from here', () => {
    const lanes = new EntityLanes()
    for (const event of [one, two]) lanes.enter(event)
    expect(ids(lanes.drop(one))).toEqual(['2'])
    expect(lanes.enter(one)).toBe('go')
  })

  it('are drained by bucket while one is on its way, and end with it', () => {
    const lanes = new EntityLanes()
    const other = [pending('4', 'order/2', { bucket: 1 }), pending('5', 'order/2', { bucket: 1 })]
    for (const event of [one, two, ...other]) lanes.enter(event)
    expect(ids(lanes.drain(1))).toEqual(['5'])
    expect(ids(lanes.drain(null))).toEqual(['2'])
    expect(lanes.leave(one)).toBeNull()
  })

  it('are full when they hold enough of one entity', () => {
    const lanes = new EntityLanes()
    for (let event = 0; event <= 64; event++) lanes.enter(pending(String(event).padStart(3, '0')))
    expect(lanes.full).toEqual(['order/1'])
  })
})
