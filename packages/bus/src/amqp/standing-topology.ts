import type { ChannelModel } from 'amqplib'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../logger.ts'
import { ensureTopology } from './topology.ts'
import type { Topology } from './topology.ts'

const BINDINGS_WAIT_MS = 500

/**
 * The topology of one publisher or subscription, ensured on each connection in turn.
 *
 * Until all of it has stood once, everything is waited for: publishing before a binding stands would miss its queue. After
 * that the bindings are waited for only shortly. While a node is frozen, the others declare exchanges and queues within
 * 300 ms and hold every bind back until net_ticktime (3.10: 61 s measured), although the binding is there already.
 */
export class StandingTopology {
  readonly #topology: () => Topology
  readonly #logger: Logger
  #hasStood = false

  constructor(topology: () => Topology, logger: Logger) {
    this.#topology = topology
    this.#logger = logger
  }

  /** Throws what ensureTopology() throws. */
  async ensure(model: ChannelModel): Promise<void> {
    const { exchanges, queues, bindings, unbindings = [] } = this.#topology()
    if (!this.#hasStood) {
      await ensureTopology(model, { exchanges, queues, bindings, unbindings }, this.#logger)
      this.#hasStood = true
      return
    }
    await ensureTopology(model, { exchanges, queues, bindings: [] }, this.#logger)
    const bound = ensureTopology(model, { exchanges: [], queues: [], bindings, unbindings }, this.#logger)
    const timeout = new AbortController()
    const isBound = await Promise.race([
      bound.then(() => true),
      delay(BINDINGS_WAIT_MS, false, { signal: timeout.signal }),
    ]).finally(() => timeout.abort())
    if (isBound) return
    this.#logger.warn({ bindings: bindings.length }, 'the broker holds bindings back, as with a frozen node; going on')
    bound.catch((error: unknown) => {
      this.#logger.warn({ error }, 'bindings could not be declared again; the next connection tries once more')
    })
  }
}
