import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Counter, Histogram } from '@opentelemetry/api'
import type { Attributes, Metric, SpanDescription, Telemetry } from '../telemetry.ts'

const kinds = { producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER, internal: SpanKind.INTERNAL } as const

const durations: ReadonlySet<Metric> = new Set<Metric>([
  'messaging.client.operation.duration',
  'messaging.process.duration',
])

/**
 * Telemetry through the global OpenTelemetry API: spans and metrics go wherever the service's SDK sends them, and
 * nowhere when there is no SDK. One trace spans the request, the outbox, the broker and the handler.
 */
export function openTelemetry(): Telemetry {
  const tracer = trace.getTracer('@warren/bus')
  const meter = metrics.getMeter('@warren/bus')
  const instruments = new Map<Metric, Counter | Histogram>()

  return {
    inject() {
      const headers: Record<string, string> = {}
      propagation.inject(context.active(), headers)
      return headers
    },

    span<T>(span: SpanDescription, work: () => Promise<T>): Promise<T> {
      const parent = span.parent === undefined ? context.active() : propagation.extract(context.active(), span.parent)
      const options = { kind: kinds[span.kind], attributes: span.attributes }
      return tracer.startActiveSpan(span.name, options, parent, async (active) => {
        try {
          return await work()
        } catch (error) {
          const exception = error instanceof Error ? error : new Error(String(error))
          active.recordException(exception)
          active.setAttribute('error.type', exception.name)
          active.setStatus({ code: SpanStatusCode.ERROR, message: exception.message })
          throw error
        } finally {
          active.end()
        }
      })
    },

    record(metric: Metric, value: number, attributes: Attributes) {
      let instrument = instruments.get(metric)
      if (instrument === undefined) {
        instrument = durations.has(metric) ? meter.createHistogram(metric, { unit: 's' }) : meter.createCounter(metric)
        instruments.set(metric, instrument)
      }
      if ('record' in instrument) instrument.record(value, attributes)
      else instrument.add(value, attributes)
    },
  }
}
