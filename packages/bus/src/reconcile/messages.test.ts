import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeControl, encodeControl } from './messages.ts'
import type { Barrier } from './messages.ts'

const barrier: Barrier = {
  ...{
    id: 'a',
    source: 'shop',
    replyTo: 'r',
    subscription: 'order.crm',
    sentMs: 1,
    previousId: null,
    rewindId: null,
    activeFromMs: 0,
  },
  ...{ provenThroughMs: 0, ranges: [{ fromMs: 1, toMs: 2 }], details: [], check: ['x'], mustDeclare: false },
}
const target = { exchange: 'e', routingKey: 'k', source: 'shop' }
const kinds = ['announcement', 'barrier', 'answer']

it('reads what it has written', () => {
  const { body, properties } = encodeControl({ kind: 'barrier', body: barrier }, target)
  expect(decodeControl({ body, properties })).toEqual({ kind: 'barrier', body: barrier })
})

it('never throws, whatever comes', () => {
  const kind = fc.oneof(
    fc.constantFrom(...kinds),
    fc.string(),
    fc.constantFrom('__proto__', 'constructor', 'toString'),
    fc.anything(),
  )
  const body = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
  )
  fc.assert(
    fc.property(kind, body, (value, content) => {
      expect(decodeControl({ body: content, properties: { headers: { 'warren-control': value } } })).toBeNull()
    }),
    { numRuns: 2_000 },
  )
})

it('refuses a message in which one field is missing or of another type', () => {
  const read = (body: unknown) =>
    decodeControl({ body: Buffer.from(JSON.stringify(body)), properties: { headers: { 'warren-control': 'barrier' } } })
  expect(read(barrier)).not.toBeNull()
  for (const name of Object.keys(barrier)) {
    for (const value of [undefined, {}, [[]], [null]]) expect(read({ ...barrier, [name]: value }), name).toBeNull()
  }
  expect(read({ ...barrier, ranges: [{ fromMs: 1 }] })).toBeNull()
  expect(read(null)).toBeNull()
  expect(decodeControl({ body: Buffer.from('{}'), properties: {} })).toBeNull()
})
