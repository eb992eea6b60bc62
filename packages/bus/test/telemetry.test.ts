import { context, metrics, propagation, trace } from '@opentelemetry/api'
import type { Context, ContextManager, TextMapPropagator } from '@opentelemetry/api'
import { AsyncLocalStorage } from 'node:async_hooks'
import { ROOT_CONTEXT } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTelemetry } from '../src/adapters/opentelemetry.ts'
import { eventually, makeService } from './support/service.ts'

const spans = new InMemorySpanExporter()
const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 3_600_000 })

beforeAll(() => {
  context.setGlobalContextManager(asyncContext())
  propagation.setGlobalPropagator(w3c())
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))
})

afterAll(async () => {
  await reader.shutdown()
})

it('spans one trace from the request through outbox and broker to the handler', async () => {
  const { bus } = await makeService({ telemetry: openTelemetry() })
  const inHandler: (string | undefined)[] = []
  await bus.subscribe('order.crm', ['order.#'], () => {
    inHandler.push(trace.getActiveSpan()?.spanContext().traceId)
  })
  await bus.start()
  const traceId = await trace.getTracer('http').startActiveSpan('POST /orders', async (request) => {
    await bus.publish('order.payment.onPaid', { orderId: '1' })
    request.end()
    return request.spanContext().traceId
  })

  await eventually(() => inHandler.length === 1)
  expect(inHandler).toEqual([traceId])
  const find = (name: string): Promise<ReadableSpan> =>
    eventually(() => spans.getFinishedSpans().find((span) => span.name === name))
  const request = await find('POST /orders')
  const created = await find('create order.payment.onPaid')
  const published = await find('publish order.payment.onPaid')
  const processed = await find('process order.payment.onPaid')
  expect([created, published, processed].map((span) => span.spanContext().traceId)).toEqual([traceId, traceId, traceId])
  expect(created.parentSpanContext?.spanId).toBe(request.spanContext().spanId)
  expect(published.parentSpanContext?.spanId).toBe(created.spanContext().spanId)
  expect(processed.attributes).toMatchObject({
    'messaging.system.name': 'rabbitmq',
    'messaging.operation.name': 'process',
    'messaging.rabbitmq.destination.routing_key': 'order.payment.onPaid',
    'messaging.consumer.group.name': 'order.crm',
  })

  await reader.forceFlush()
  const names = points
    .getMetrics()
    .flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap((scope) => scope.metrics.map((metric) => metric.descriptor.name)),
    )
  expect(names).toEqual(
    expect.arrayContaining([
      'messaging.client.sent.messages',
      'messaging.process.duration',
      'messaging.client.consumed.messages',
    ]),
  )
})

/** The SDK for Node brings these two; the bus needs only the API, and the test no more than it. */
function asyncContext(): ContextManager {
  const storage = new AsyncLocalStorage<Context>()
  return {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, self, ...args) =>
      storage.run(active, () => work.call(self as ThisParameterType<typeof work>, ...args)),
    bind: (_active, target) => target,
    enable() {
      return this
    },
    disable() {
      return this
    },
  }
}

function w3c(): TextMapPropagator {
  return {
    inject(active, carrier, setter) {
      const span = trace.getSpanContext(active)
      if (span !== undefined)
        setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-0${span.traceFlags}`)
    },
    extract(active, carrier, getter) {
      const [, traceId, spanId, flags] = String(getter.get(carrier, 'traceparent') ?? '').split('-')
      if (traceId === undefined || spanId === undefined) return active
      return trace.setSpanContext(active, { traceId, spanId, traceFlags: Number(flags), isRemote: true })
    },
    fields: () => ['traceparent'],
  }
}
