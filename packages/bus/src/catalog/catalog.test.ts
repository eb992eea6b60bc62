import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ErrorCode } from '../errors.ts'
import { catalog } from './catalog.ts'
import { entity } from './entity.ts'
import type { EventDefinitions } from './entity.ts'

const item = z.object({ sku: z.string(), count: z.number().int() })
const order = entity('order', {
  identity: 'orderId',
  scopes: ['viporder', 'viporder.gold'],
  events: {
    'payment.onPaid': z.object({ orderId: z.string(), amount: z.number(), items: z.array(item).default([]) }),
    'delivery.onDelivered': {
      schema: z.object({ orderId: z.string(), at: z.coerce.date() }),
      optional: true,
      description: 'The parcel is at the door.',
    },
  },
})
const product = entity('product', {
  identity: 'sku',
  events: { 'pricing.eu.onChanged': z.object({ sku: z.union([z.string(), z.number()]), price: z.string() }) },
})
const shop = catalog(order, product)
const paid = { orderId: 'o-1', amount: 10 }

describe('catalog', () => {
  test('says what a payload looks like, as far as its library and JSON can', () => {
    const schema = shop.jsonSchema('order.viporder.delivery.onDelivered')
    expect(schema).toMatchObject({ properties: { orderId: { type: 'string' }, at: {} }, required: ['orderId', 'at'] })
    // Of the publisher's end: there is a default for what it leaves out.
    expect(shop.jsonSchema('order.payment.onPaid')).toMatchObject({ required: ['orderId', 'amount'] })
    expect(ownSchema((value) => ({ value })).jsonSchema('order.payment.onPaid')).toBeNull()
    expect(() => shop.jsonSchema('order.payment.onPayd')).toThrow(expect.objectContaining({ code: 'EVENT_UNKNOWN' }))
  })

  test('knows every name, scoped forms included, and what is known about it', () => {
    expect(shop.names).toEqual([
      'order.payment.onPaid',
      'order.delivery.onDelivered',
      'order.viporder.payment.onPaid',
      'order.viporder.delivery.onDelivered',
      'order.viporder.gold.payment.onPaid',
      'order.viporder.gold.delivery.onDelivered',
      'product.pricing.eu.onChanged',
    ])
    expect(shop.entities).toEqual(['order', 'product'])
    expect(shop.find('order.viporder.gold.delivery.onDelivered')).toEqual({
      name: 'order.viporder.gold.delivery.onDelivered',
      entity: 'order',
      scope: 'viporder.gold',
      process: 'delivery',
      fact: 'onDelivered',
      identity: 'orderId',
      isOptional: true,
      isOrdered: false,
      description: 'The parcel is at the door.',
    })
    expect(shop.find('product.pricing.eu.onChanged')).toMatchObject({
      process: 'pricing.eu',
      scope: null,
      isOptional: false,
    })
    expect(shop.find('order.payment')).toBeUndefined()
  })

  test('finds the events of patterns, each once', () => {
    expect(shop.matching(['#.onPaid', 'order.payment.*']).map((event) => event.name)).toEqual([
      'order.payment.onPaid',
      'order.viporder.payment.onPaid',
      'order.viporder.gold.payment.onPaid',
    ])
  })

  test('reads the id of the entity from the payload', () => {
    expect(shop.entityId('order.viporder.payment.onPaid', paid)).toBe('o-1')
    expect(shop.entityId('product.pricing.eu.onChanged', { sku: 7 })).toBe('7')
    for (const data of [null, 'o-1', {}, { orderId: '' }, { orderId: null }, { orderId: {} }]) {
      expect(shop.entityId('order.payment.onPaid', data)).toBeUndefined()
    }
  })
})

describe('a catalog that breaks the rules of names is refused', () => {
  const schema = z.object({})
  const define = (name: string, events: EventDefinitions, scopes: readonly string[] = [], identity = 'id') =>
    entity(name, { identity, scopes, events })
  const events = { 'payment.onPaid': schema }

  test.each<[string, () => unknown, string]>([
    ['an entity of two words', () => define('order.item', events), 'entity "order.item" must be one word'],
    ['an empty entity', () => define('', events), 'entity "" must be one word'],
    ['a wildcard as entity', () => define('*', events), 'entity "*" must be one word'],
    ['no identity', () => define('order', events, [], ''), 'entity "order" needs an identity'],
    ['no events', () => define('order', {}), 'entity "order" has no events'],
    ['no process', () => define('order', { onPaid: schema }), 'event "onPaid" of entity "order" needs a process'],
    ['no fact', () => define('order', { 'payment.paid': schema }), 'must end in a fact'],
    ['a fact in lower case', () => define('order', { 'payment.onpaid': schema }), 'must end in a fact'],
    ['an empty word', () => define('order', { 'payment..onPaid': schema }), 'must be words of'],
    ['a wildcard in an event', () => define('order', { '#.onPaid': schema }), 'must be words of'],
    ['a space', () => define('order', { 'pay ment.onPaid': schema }), 'must be words of'],
    ['an umlaut', () => define('order', { 'zählung.onPaid': schema }), 'must be words of'],
    ['an empty scope', () => define('order', events, ['']), 'scope "" of entity "order" must be words of'],
    ['a scope with a wildcard', () => define('order', events, ['vip.*']), 'scope "vip.*" of entity "order"'],
    ['a scope twice', () => define('order', events, ['vip', 'vip']), 'scope "vip" of entity "order" is listed twice'],
    [
      'a scope and a process that spell one name',
      () => define('order', { 'payment.onPaid': schema, 'vip.payment.onPaid': schema }, ['vip']),
      'the name "order.vip.payment.onPaid" would mean both event "vip.payment.onPaid" and event "payment.onPaid" in scope "vip"',
    ],
    ['a name of 256 bytes', () => define('order', { [`${'p'.repeat(243)}.onPaid`]: schema }), 'has 256 bytes'],
    ['a long name by its scope', () => define('order', events, ['s'.repeat(240)]), 'and AMQP allows 255'],
    [
      'something else than a schema',
      () => define('order', { 'payment.onPaid': {} as never }),
      'needs a Standard Schema',
    ],
    ['null for a schema', () => define('order', { 'payment.onPaid': null as never }), 'needs a Standard Schema'],
    [
      'an entity twice',
      () => catalog(define('order', events), define('order', events)),
      'entity "order" is in the catalog twice',
    ],
    ['no entity', () => catalog(), 'the catalog has no entities'],
  ])('%s', (_what, define, message) => {
    expect(caught(define)).toMatchObject({
      code: 'CATALOG_INVALID',
      message: expect.stringContaining(message) as string,
    })
  })

  test('255 bytes are allowed', () => {
    expect(() => define('order', { [`${'p'.repeat(242)}.onPaid`]: schema })).not.toThrow()
  })
})

describe('encode', () => {
  test('gives the payload as the publisher gave it, not what the schema makes of it', () => {
    expect(shop.encode('order.payment.onPaid', paid)).toBe('{"orderId":"o-1","amount":10}')
  })

  test('checks what the text says, so both ends agree', async () => {
    const at = new Date('2026-01-02T03:04:05.000Z')
    const text = await shop.encode('order.delivery.onDelivered', { orderId: 'o-1', at })
    expect(text).toBe('{"orderId":"o-1","at":"2026-01-02T03:04:05.000Z"}')
    expect(shop.validate('order.delivery.onDelivered', JSON.parse(text))).toEqual({ orderId: 'o-1', at })

    const strict = catalog(
      entity('order', { identity: 'id', events: { 'delivery.onDelivered': z.object({ at: z.date() }) } }),
    )
    expect(caught(() => strict.encode('order.delivery.onDelivered', { at }))).toMatchObject({
      code: 'EVENT_INVALID',
      message: expect.stringContaining('data.at: ') as string,
    })
  })

  test('refuses what JSON would change in silence, with its path', () => {
    const error = caught(() => shop.encode('order.payment.onPaid', { ...paid, items: [{ sku: 'a', count: 1n }] }))
    expect(error).toMatchObject({
      code: 'EVENT_INVALID',
      message: expect.stringContaining('data.items[0].count: a bigint') as string,
      details: { name: 'order.payment.onPaid', issues: [{ path: ['items', 0, 'count'] }] },
    })
  })
})

describe('validate', () => {
  test('gives the output of the schema', () => {
    expect(shop.validate('order.viporder.payment.onPaid', paid)).toEqual({ ...paid, items: [] })
  })

  test('tells the path of every field that is wrong', () => {
    const data = {
      orderId: 'o-1',
      amount: 'ten',
      items: [
        { sku: 'a', count: 1 },
        { sku: 5, count: 1.5 },
      ],
    }
    const error = caught(() => shop.validate('order.payment.onPaid', data))
    expect(error).toMatchObject({
      code: 'EVENT_INVALID',
      details: {
        name: 'order.payment.onPaid',
        issues: [{ path: ['amount'] }, { path: ['items', 1, 'sku'] }, { path: ['items', 1, 'count'] }],
      },
    })
    expect(error).toHaveProperty(
      'message',
      'event "order.payment.onPaid" is invalid: data.amount: Invalid input: expected number, received string; ' +
        'data.items[1].sku: Invalid input: expected string, received number; ' +
        'data.items[1].count: Invalid input: expected int, received number',
    )
  })

  test('never lets values of the payload into the error', () => {
    const quoting = ownSchema((data) => ({
      issues: [{ message: `bad card ${String(Reflect.get(Object(data), 'card'))}` }],
    }))
    const error = caught(() => quoting.validate('order.payment.onPaid', { card: '4111-1111' }))
    expect(error).toMatchObject({ code: 'EVENT_INVALID' })
    expect(JSON.stringify(error) + String(error)).not.toContain('4111')
  })

  test('reports a schema that throws, and keeps what it said in the cause', () => {
    const throwing = ownSchema(() => {
      throw new TypeError('cannot read 4111')
    })
    const error = caught(() => throwing.validate('order.payment.onPaid', {}))
    expect(error).toMatchObject({ code: 'EVENT_INVALID', cause: expect.any(TypeError) as TypeError })
    expect(String(error)).not.toContain('4111')
  })

  test('awaits an asynchronous schema, and only such a one', async () => {
    const asynchronous = ownSchema(async (data) => {
      await Promise.resolve()
      return data === 1 ? { value: 'one' } : { issues: [{ message: 'not one' }] }
    })
    const promise = asynchronous.validate('order.payment.onPaid', 1)
    expect(promise).toBeInstanceOf(Promise)
    expect(await promise).toBe('one')
    expect(await asynchronous.encode('order.payment.onPaid', 1)).toBe('1')
    await expect(asynchronous.encode('order.payment.onPaid', 2)).rejects.toMatchObject({ code: 'EVENT_INVALID' })
    const failing = ownSchema(() => Promise.reject(new TypeError('lost')))
    await expect(failing.validate('order.payment.onPaid', 1)).rejects.toMatchObject({ code: 'EVENT_INVALID' })
    expect(shop.validate('order.payment.onPaid', paid)).not.toBeInstanceOf(Promise)
  })

  test.each([
    ['order.payment.onPayed', 'order.payment.onPaid'],
    ['order.viporder.payment.onpaid', 'order.viporder.payment.onPaid'],
    ['customer.address.onMoved', undefined],
  ])('of %s is unknown, and the nearest name is told', (name, suggestion) => {
    const unknown = { code: 'EVENT_UNKNOWN' satisfies ErrorCode, details: { name, ...(suggestion && { suggestion }) } }
    expect(caught(() => shop.validate(name, {}))).toMatchObject(unknown)
    expect(caught(() => shop.encode(name, {}))).toMatchObject(unknown)
    expect(caught(() => shop.entityId(name, {}))).toMatchObject(unknown)
  })
})

function ownSchema(validate: StandardSchemaV1['~standard']['validate']) {
  const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate } }
  return catalog(entity('order', { identity: 'id', events: { 'payment.onPaid': schema } }))
}

function caught(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
