import { z } from 'zod'
import { MonitorError } from '../errors.ts'

const PLACE = '{traceId}'

export const trace = z.object({
  id: z.string(),
  url: z.string().nullable().meta({ description: 'where the trace is shown, where that is configured' }),
})

export type Trace = z.infer<typeof trace>

/** Throws OPTION_INVALID for what is not an address of the web, or would be the same for every trace. */
export function checkTraceUrl(template: string): void {
  const url = URL.parse(template.replaceAll(PLACE, '0'.repeat(32)))
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (isWeb && template.includes(PLACE) && url.username === '' && url.password === '') return
  throw new MonitorError(
    'OPTION_INVALID',
    500,
    `traceUrl: an address with http or https, without a password, and with ${PLACE} in it, as in https://jaeger.example/trace/${PLACE}`,
  )
}

/** The trace that an event was published in, by its headers; null when it was in none. */
export function traceOf(headers: Readonly<Record<string, string>>, template: string | null): Trace | null {
  // Of all versions to come the first parts are these; anything else is no trace context, whoever wrote it.
  const [, id] = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/.exec(headers['traceparent'] ?? '') ?? []
  if (id === undefined || /^0+$/.test(id)) return null
  return { id, url: template?.replaceAll(PLACE, id) ?? null }
}
