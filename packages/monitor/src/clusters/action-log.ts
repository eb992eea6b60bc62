import { randomUUID } from 'node:crypto'
import type { Logger } from '@warren/bus'
import type { NamedStore } from '@warren/bus/operate'
import { z } from 'zod'
import { MonitorError } from '../errors.ts'
import type { KnownCluster } from './clusters.ts'

/**
 * - `begun`: noted before anything is done. With no other entry of the same `run` behind it, the page ended before it knew.
 * - `done`, `failed`: as the broker was read afterwards.
 * - `left`: nobody waits for it any more: it was cancelled, or the page was stopped.
 */
const outcomes = ['begun', 'done', 'failed', 'left'] as const

export type Outcome = (typeof outcomes)[number]

/** What an entry about a cluster says; whatever else it says is beside these. */
export const clusterEntry = z.looseObject({
  run: z.string(),
  cluster: z.string(),
  vhost: z.string(),
  about: z.array(z.string()),
  outcome: z.enum(outcomes),
})

export interface Undertaking {
  readonly cluster: KnownCluster
  readonly actor: string
  /** `queues-sync`, … */
  readonly action: string
  /** What it is done to: queues, or the cluster that something comes from. */
  readonly about: readonly string[]
  /** Numbers and names; never contents. */
  readonly details?: object
}

/** An undertaking that the log has. */
export interface Noted {
  readonly run: string
  /** Notes what came of it. A log that is away by then takes nothing back: it is told to the process's own log. */
  readonly end: (outcome: Exclude<Outcome, 'begun'>, details: object) => Promise<void>
}

/**
 * Notes who does what to a cluster, in the first store that takes it: a broker keeps no such log, and one of the stores is where
 * people look. Nothing is done that was not noted.
 */
export class ClusterActionLog {
  readonly #stores: readonly NamedStore[]
  readonly #logger: Logger

  constructor(stores: readonly NamedStore[], logger: Logger) {
    this.#stores = stores
    this.#logger = logger
  }

  /** Throws ACTION_UNLOGGED where no store takes it. */
  async begin({ cluster, actor, action, about, details = {} }: Undertaking): Promise<Noted> {
    const run = randomUUID()
    const entry = (outcome: Outcome, more: object) => ({
      ...{ actor, action, subscription: null, messageId: null },
      details: { ...more, run, cluster: cluster.name, vhost: cluster.vhost, about, outcome },
    })
    const { label, store } = await this.#write((each) => each.store.actions.write(entry('begun', details)))
    return {
      run,
      end: async (outcome, more) => {
        try {
          await store.actions.write(entry(outcome, { ...details, ...more }))
        } catch (error) {
          this.#logger.error(
            { error, store: label, actor, action, run, outcome, cluster: cluster.name, about },
            'what came of an action is not in the action log: its store is away',
          )
        }
      },
    }
  }

  async #write(write: (store: NamedStore) => Promise<void>): Promise<NamedStore> {
    for (const named of this.#stores) {
      try {
        await write(named)
        return named
      } catch (error) {
        if (!named.store.isUnavailable(error)) throw error
      }
    }
    throw this.#stores.length === 0
      ? new MonitorError(
          'ACTION_UNLOGGED',
          409,
          'nothing was done: who does what to a cluster is noted in a store, and the page has none; start it with --store, or use the command line',
        )
      : new MonitorError(
          'ACTION_UNLOGGED',
          503,
          'nothing was done: none of the stores answers that could note who does it; try again when one is back',
        )
  }
}
