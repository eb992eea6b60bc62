import { describe, expect, it } from 'vitest'
import { checkTraceUrl, traceOf } from './trace.ts'

describe('the address of traces', () => {
  it.each(['https://jaeger.example/trace/{traceId}', 'http://localhost:16686/search?id={traceId}#{traceId}'])(
    'can be %s',
    (template) => {
      expect(() => checkTraceUrl(template)).not.toThrow()
    },
  )

  it.each([
    'javascript:alert("{traceId}")',
    'data:text/html,{traceId}',
    'jaeger.example/trace/{traceId}',
    'https://jaeger.example/trace/',
    'https://anna:secret@jaeger.example/{traceId}',
    '//jaeger.example/{traceId}',
    '',
  ])('is never %s', (template) => {
    expect(() => checkTraceUrl(template)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    expect(() => checkTraceUrl(template)).not.toThrow('secret')
  })
})

describe('the trace of an event', () => {
  const id = '0af7651916cd43dd8448eb211c80319c'

  it('is in its headers, and has a link where one is configured', () => {
    const headers = { traceparent: `00-${id}-b7ad6b7169203331-01` }
    expect(traceOf(headers, null)).toEqual({ id, url: null })
    expect(traceOf(headers, 'https://x.example/{traceId}')).toEqual({ id, url: `https://x.example/${id}` })
  })

  it.each([
    [{}],
    [{ traceparent: '' }],
    [{ traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }],
    [{ traceparent: `00-${id}-b7ad6b7169203331` }],
    [{ traceparent: `00-../../${id.slice(6)}-b7ad6b7169203331-01` }],
  ])('is none by %j', (headers) => {
    expect(traceOf(headers, 'https://x.example/{traceId}')).toBe(null)
  })
})
