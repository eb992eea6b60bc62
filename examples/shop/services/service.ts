import type { Bus, Logger, ReconcileOptions, Sql, Store } from '@warren/bus'
import type { FastifyInstance } from 'fastify'
import type { shop } from '../catalog.ts'

export type ShopBus = Bus<typeof shop, Sql>

/** What each service is given when it starts; the rest is its own. */
export interface ServiceOptions {
  /** The service's own database. */
  readonly store: Store
  /** URLs of the RabbitMQ nodes. */
  readonly endpoints: readonly string[]
  readonly logger: Logger
  /** How it proves what it publishes. Default: as the bus does by itself. */
  readonly reconcile?: ReconcileOptions
}

/** A service that is put together and not yet started. */
export interface Service {
  readonly bus: ShopBus
  /** Null for a service that only listens. */
  readonly http: FastifyInstance | null
}

/** Makes a service; nothing runs before startService(). */
export type MakeService = (options: ServiceOptions) => Promise<Service>

/**
 * Starts the bus, which makes the tables first, then listens on `port` (0: a free one) of the loopback interface. Returns
 * the URL that the service answers on, null for one that only listens.
 */
export async function startService({ bus, http }: Service, port: number): Promise<string | null> {
  await bus.start()
  return http === null ? null : await http.listen({ host: '127.0.0.1', port })
}

/** On SIGTERM and SIGINT: answers the requests that run, finishes what is being handled and sent, then ends. */
export function stopOnSignals(service: Service): void {
  const { bus, http } = service
  if (http === null) {
    bus.stopOnSignals()
    return
  }
  http.addHook('onClose', () => bus.stop())
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      void http.close().then(() => process.exit(0))
    })
  }
}
