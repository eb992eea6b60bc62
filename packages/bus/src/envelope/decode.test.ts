import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMessage } from './decode.ts'
import type { RawMessage, RawProperties } from './decode.ts'

const id = '0190a6f2-7c3b-7000-8000-000000000001'
const receivedAt = new Date('2026-03-01T10:00:00Z')

function message(properties: RawProperties, body: string | Buffer = '{"a":1}'): RawMessage {
  const fields = { exchange: 'ex', routingKey: 'order.payment.onPaid', redelivered: false }
  return { body: Buffer.from(body), fields, properties }
}

function decode(properties: RawProperties, body?: string | Buffer): ReturnType<typeof decodeMessage> {
  return decodeMessage(message(properties, body), receivedAt)
}

describe('decodeMessage', () => {
  it('needs no more than a message id and a JSON body', () => {
    const foreign = '3F0B9C1E-1111-4222-8333-444455556666'
    expect(decode({ messageId: foreign })).toEqual({
      ok: true,
      message: {
        id: foreign.toLowerCase(),
        name: 'order.payment.onPaid',
        entityId: '',
        source: '',
        time: receivedAt,
        payload: '{"a":1}',
        data: { a: 1 },
        headers: {},
        correlationId: null,
      },
    })
  })

  it('reads CloudEvents written with a colon', () => {
    const headers = {
      'cloudEvents:id': id,
      'cloudEvents:type': 'order.x.onY',
      'cloudEvents:source': '/shop',
      'cloudEvents:subject': '4711',
      'cloudEvents:time': '2026-01-02T03:04:05.678Z',
    }
    expect(decode({ headers })).toMatchObject({
      ok: true,
      message: {
        id,
        name: 'order.x.onY',
        source: '/shop',
        entityId: '4711',
        time: new Date('2026-01-02T03:04:05.678Z'),
        headers: {},
      },
    })
  })

  it('prefers the type over the routing key, which for a resend is the name of a queue', () => {
    expect(decode({ messageId: id, type: 'order.a.onB' })).toMatchObject({ message: { name: 'order.a.onB' } })
  })

  it.each([
    [{ timestamp: 1772359200 }, '2026-03-01T10:00:00.000Z'],
    [{ timestamp: 1772359200123 }, '2026-03-01T10:00:00.123Z'],
    [{ headers: { 'cloudEvents:time': { '!': 'timestamp', value: 1772359200 } } }, '2026-03-01T10:00:00.000Z'],
    [{ timestamp: 'yesterday' }, '2024-07-12T12:37:07.771Z'],
  ])('takes the time from %j', (properties, expected) => {
    const decoded = decode({ messageId: id, ...properties })
    expect(decoded.message.time.toISOString()).toBe(expected)
  })

  it('gives headers of any type as text and leaves out what the broker and CloudEvents add', () => {
    const headers = {
      text: 'ä',
      number: 1.5,
      flag: true,
      nothing: null,
      time: { '!': 'timestamp', value: 0 },
      bytes: Buffer.from([0xff, 0xfe]),
      list: [1, 'two'],
      table: { a: { b: 1 } },
      traceparent: '00-a-b-01',
      'x-request-id': 'r1',
      'x-death': [{ queue: 'q' }],
      'x-delivery-count': 3,
      'x-first-death-queue': 'q',
      'warren-attempt': 7,
      cloudEvents_id: id,
      'nul\0name': 'nul\0value',
    }
    expect(decode({ messageId: id, headers }).message.headers).toEqual({
      text: 'ä',
      number: '1.5',
      flag: 'true',
      time: '1970-01-01T00:00:00.000Z',
      bytes: '//4=',
      list: '[1,"two"]',
      table: '{"a":{"b":1}}',
      traceparent: '00-a-b-01',
      'x-request-id': 'r1',
      'nul\uFFFDname': 'nul\uFFFDvalue',
    })
  })

  it.each([
    ['no message id', {}, '{}', 'it has no message_id'],
    ['an id that is no UUID', { messageId: 'order-1' }, '{}', 'its message_id "order-1" is not a UUID'],
    ['an empty body', { messageId: id }, '', 'its body is not JSON'],
    ['a body that is no JSON', { messageId: id }, 'hello', 'its body is not JSON'],
    ['a body in Latin-1', { messageId: id }, Buffer.from([0x22, 0xe4, 0x22]), 'its body is not UTF-8'],
    [
      'a compressed body',
      { messageId: id, contentEncoding: 'gzip' },
      Buffer.from([0x1f, 0x8b, 0x08]),
      'its content encoding is "gzip"',
    ],
    ['a name that is too long', { messageId: id, headers: { cloudEvents_type: 'x'.repeat(256) } }, '{}', '255 bytes'],
  ])('says what is wrong with %s, and what could be read', (_what, properties, body, reason) => {
    const decoded = decode({ appId: 'shop', ...properties }, body)
    expect(decoded).toMatchObject({ ok: false, message: { source: 'shop' } })
    expect(!decoded.ok && decoded.reason).toContain(reason)
  })

  it('accepts a byte order mark and leaves it out', () => {
    expect(decode({ messageId: id }, '\uFEFF{"a":1}')).toMatchObject({ ok: true, message: { payload: '{"a":1}' } })
  })

  it('never throws and never lets a NUL through, whatever a client writes', () => {
    const anything = fc.anything({ withTypedArray: true })
    const properties = fc.record({
      messageId: fc.oneof(fc.constant(id), anything),
      type: anything,
      timestamp: anything,
      appId: anything,
      correlationId: anything,
      headers: fc.option(fc.dictionary(fc.string(), anything), { nil: undefined }),
    })
    fc.assert(
      fc.property(properties, fc.uint8Array(), (given, body) => {
        const { message: read } = decode(given, Buffer.from(body))
        for (const value of [read.id, read.name, read.entityId, read.source, read.payload, read.correlationId]) {
          expect(value ?? '').not.toContain('\0')
        }
        expect(Object.entries(read.headers).flat().join('')).not.toContain('\0')
      }),
    )
  })
})
