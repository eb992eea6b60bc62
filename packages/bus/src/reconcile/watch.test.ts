import { describe, expect, it } from 'vitest'
import { brokerNames } from '../amqp/names.ts'
import { bindingText, ownBindings, routesOf, watchedQueue } from './watch.ts'

const names = brokerNames()
const queue = 'qu.crm'
const texts = (bindings: readonly Parameters<typeof bindingText>[0][]): readonly string[] => bindings.map(bindingText)

describe('routesOf', () => {
  it('gives a way for each pattern that matches', () => {
    const patterns = ['order.#', 'order.payment.*', 'order.delivery.*', '#.onPaid']
    expect(routesOf('order.payment.onPaid', { queue }, patterns, names).map(texts)).toEqual([
      ['ex.order.topic → qu.crm (order.#)'],
      ['ex.order.topic → qu.crm (order.payment.*)'],
      ['ex.order.topic → ex.events.topic (#)', 'ex.events.topic → qu.crm (#.onPaid)'],
    ])
    expect(routesOf('product.price.onChanged', { queue }, patterns, names)).toEqual([])
  })
})

describe('watchedQueue', () => {
  it('has each binding that an event of the publisher needs once, and the one of the direct exchange', () => {
    const periods = [
      { fromMs: 1, toMs: 2, patterns: ['order.refund.*'] },
      { fromMs: 2, toMs: null, patterns: ['order.#', '#.onPaid', 'product.#'] },
    ]
    const { bindings } = watchedQueue({ queue, periods }, ['order.payment.onPaid', 'order.delivery.onSent'], names)
    expect(texts(bindings)).toEqual([
      'ex.warren.direct → qu.crm (qu.crm)',
      'ex.order.topic → qu.crm (order.#)',
      'ex.order.topic → ex.events.topic (#)',
      'ex.events.topic → qu.crm (#.onPaid)',
    ])
    expect(
      texts(watchedQueue({ queue, periods: periods.slice(0, 1) }, ['order.payment.onPaid'], names).bindings),
    ).toEqual(['ex.warren.direct → qu.crm (qu.crm)'])
  })
})

describe('ownBindings', () => {
  it('leaves a subscription’s own bindings to the subscriber', () => {
    const periods = [{ fromMs: 1, toMs: null, patterns: ['order.#', '#.onPaid'] }]
    const { bindings } = watchedQueue({ queue, periods }, ['order.payment.onPaid'], names)
    expect(ownBindings(bindings, names)).toEqual([
      { source: 'ex.warren.direct', queue, key: queue },
      { source: 'ex.order.topic', exchange: 'ex.events.topic', key: '#' },
    ])
  })
})
