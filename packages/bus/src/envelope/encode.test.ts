import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage } from './decode.ts'
import type { RawMessage } from './decode.ts'
import { encodeEvent } from './encode.ts'
import type { EncodableEvent } from './encode.ts'
import { newId } from './uuid.ts'

const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,10}$/)
const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'))
const headerName = fc
  .stringMatching(/^[A-Za-z0-9._-]{1,20}$/)
  .filter((name) => !/^(cloudEvents|warren-|x-|correlation-id$|__proto__$)/.test(name))

const anyEvent: fc.Arbitrary<EncodableEvent> = fc.record({
  id: fc.constant(null).map(() => newId()),
  name: fc.array(word, { minLength: 3, maxLength: 6 }).map((words) => words.join('.')),
  entityId: text,
  source: word,
  payload: fc.json(),
  headers: fc
    .tuple(
      fc.dictionary(headerName, text),
      fc.option(fc.string({ minLength: 1, maxLength: 400 }).filter((id) => !id.includes('\0'))),
    )
    .map(([own, correlationId]) => (correlationId === null ? own : { ...own, 'correlation-id': correlationId })),
  createdAt: fc.date({ min: new Date(0), max: new Date('2500-01-01'), noInvalidDate: true }),
})

function received(event: EncodableEvent): RawMessage {
  const { exchange, routingKey, body, properties } = encodeEvent(event, 'ex.order.topic')
  return { body, fields: { exchange, routingKey, redelivered: false }, properties }
}

describe('encodeEvent and decodeMessage', () => {
  it('give back every event as it was', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const { 'correlation-id': correlationId = null, ...headers } = event.headers
        expect(decodeMessage(received(event))).toEqual({
          ok: true,
          message: {
            id: event.id,
            name: event.name,
            entityId: event.entityId,
            source: event.source,
            time: event.createdAt,
            payload: event.payload,
            data: JSON.parse(event.payload) as unknown,
            headers,
            correlationId,
          },
        })
      }),
    )
  })
})

describe('encodeEvent', () => {
  it('writes the documented envelope', () => {
    const event: EncodableEvent = {
      id: '0190a6f2-7c3b-7000-8000-000000000001',
      name: 'order.payment.onPaid',
      entityId: 'order-4711',
      source: 'order-service',
      payload: '{"amount":12}',
      headers: { traceparent: '00-a-b-01', tenant: 'eu', 'correlation-id': 'cart-9' },
      createdAt: new Date('2026-03-01T10:00:00.123Z'),
    }
    expect(encodeEvent(event, 'ex.order.topic')).toEqual({
      exchange: 'ex.order.topic',
      routingKey: 'order.payment.onPaid',
      body: Buffer.from('{"amount":12}'),
      properties: {
        messageId: event.id,
        type: 'order.payment.onPaid',
        contentType: 'application/json',
        timestamp: 1772359200,
        appId: 'order-service',
        correlationId: 'cart-9',
        deliveryMode: 2,
        headers: {
          traceparent: '00-a-b-01',
          tenant: 'eu',
          cloudEvents_specversion: '1.0',
          cloudEvents_id: event.id,
          cloudEvents_source: 'order-service',
          cloudEvents_type: 'order.payment.onPaid',
          cloudEvents_subject: 'order-4711',
          cloudEvents_time: '2026-03-01T10:00:00.123Z',
          cloudEvents_datacontenttype: 'application/json',
        },
      },
    })
  })
})
