import { describe, expect, it } from 'vitest'
import { brokerNames, entityOf, publisherTopology, subscriptionTopology } from './names.ts'

describe('entityOf', () => {
  it.each([
    ['order.#', 'order'],
    ['order.payment.*', 'order'],
    ['order', 'order'],
    ['#', null],
    ['#.onPaid', null],
    ['*.payment.*', null],
  ])('of %s is %s', (pattern, entity) => {
    expect(entityOf(pattern)).toBe(entity)
  })
})

describe('subscriptionTopology', () => {
  it('binds patterns of one entity to its exchange and all others to the exchange of all events', () => {
    const { bindings } = subscriptionTopology({ name: 'crm', patterns: ['order.#', '#.onPaid', 'product.price.*'] })
    expect(bindings).toEqual([
      { source: 'ex.warren.dead-letter', queue: 'qu.crm.dead', key: 'qu.crm' },
      { source: 'ex.warren.direct', queue: 'qu.crm', key: 'qu.crm' },
      { source: 'ex.order.topic', exchange: 'ex.events.topic', key: '#' },
      { source: 'ex.product.topic', exchange: 'ex.events.topic', key: '#' },
      { source: 'ex.order.topic', queue: 'qu.crm', key: 'order.#' },
      { source: 'ex.events.topic', queue: 'qu.crm', key: '#.onPaid' },
      { source: 'ex.product.topic', queue: 'qu.crm', key: 'product.price.*' },
    ])
  })

  it('has two quorum queues, of which the first dead-letters into the second', () => {
    const { queues } = subscriptionTopology({ name: 'crm', patterns: ['order.#'], deliveryLimit: 7 })
    expect(queues).toEqual([
      { name: 'qu.crm.dead', arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000_000 } },
      {
        name: 'qu.crm',
        arguments: {
          'x-queue-type': 'quorum',
          'x-delivery-limit': 7,
          'x-dead-letter-exchange': 'ex.warren.dead-letter',
          'x-dead-letter-routing-key': 'qu.crm',
        },
      },
    ])
  })

  it('unbinds the patterns it had before and no longer has', () => {
    const topology = subscriptionTopology({
      name: 'crm',
      patterns: ['order.#'],
      previousPatterns: ['order.#', '#.onPaid'],
    })
    expect(topology.unbindings).toEqual([{ source: 'ex.events.topic', queue: 'qu.crm', key: '#.onPaid' }])
  })

  it('declares every exchange and queue that its bindings speak of', () => {
    const topology = subscriptionTopology({ name: 'crm', patterns: ['order.#', '#.onPaid'], names: brokerNames('t.') })
    const declared = new Set([...topology.exchanges, ...topology.queues].map(({ name }) => name))
    for (const binding of topology.bindings) {
      expect(declared).toContain(binding.source)
      expect(declared).toContain('queue' in binding ? binding.queue : binding.exchange)
    }
    for (const name of declared) expect(name).toMatch(/^t\./)
  })
})

describe('publisherTopology', () => {
  it('forwards every entity to the exchange of all events', () => {
    const { exchanges, bindings } = publisherTopology(['order', 'product'])
    expect(exchanges.map(({ name }) => name)).toEqual(['ex.events.topic', 'ex.order.topic', 'ex.product.topic'])
    expect(bindings).toEqual([
      { source: 'ex.order.topic', exchange: 'ex.events.topic', key: '#' },
      { source: 'ex.product.topic', exchange: 'ex.events.topic', key: '#' },
    ])
  })
})
