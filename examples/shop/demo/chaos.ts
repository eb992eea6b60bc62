import type { Cluster } from '@warren/cluster/local'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServiceName } from '../services/services.ts'
import { publishGapMs } from './gap.ts'
import { nextVictim, scheduleNodeKills, scheduleServiceKills } from './kills.ts'
import type { Schedule } from './kills.ts'
import { seededRandom } from './random.ts'
import type { ServiceProcess } from './service-process.ts'

export interface ChaosOptions {
  /** Null: no node is killed. */
  readonly cluster: Cluster | null
  readonly areServicesRestarted: boolean
  readonly services: readonly ServiceProcess[]
  /** How much of the orders is placed, from 0 to 1. */
  readonly progress: () => number
  /** How long the run is meant to be. */
  readonly runS: number
  readonly seed: number
  readonly onEvent: (line: string) => void
}

const POLL_MS = 50
/** How long a killed node stays away, and a killed service. */
const NODE_AWAY_MS = 3_000
const SERVICE_AWAY_MS = 400
/** How long the publisher is left alone before a node is killed, and after: what is measured is the node's death alone. */
const STEADY_MS = 1_500
const MEASURED_MS = 6_000
const STEADY_TIMEOUT_MS = 20_000

/** Kills nodes and services while the orders come in, and starts them again. */
export class Chaos {
  nodeKills = 0
  serviceKills = 0
  /** The longest gap between confirms around a node's death; null before the first one that could be measured. */
  longestGapMs: number | null = null
  readonly #options: ChaosOptions
  readonly #killed: Partial<Record<ServiceName, number>> = {}
  #isOver = false
  #isMeasuring = false

  constructor(options: ChaosOptions) {
    this.#options = options
  }

  /** Resolves when all that was planned has happened, and everything that was killed is up again. */
  async run(): Promise<void> {
    const { cluster, areServicesRestarted, runS } = this.#options
    await Promise.all([
      cluster === null ? null : this.#killNodes(cluster, scheduleNodeKills(runS)),
      areServicesRestarted ? this.#killServices(scheduleServiceKills(runS)) : null,
    ])
  }

  /** Kills nothing more; run() resolves when what is down is up again. */
  stop(): void {
    this.#isOver = true
  }

  async #killNodes(cluster: Cluster, schedule: Schedule): Promise<void> {
    const { services, onEvent } = this.#options
    const orders = services.find(({ name }) => name === 'orders')
    if (orders === undefined) return
    for (const progress of schedule) {
      if (!(await this.#reached(progress))) return
      this.#isMeasuring = true
      try {
        await this.#publishesSteadily(orders)
        const node = (await nodeOf(cluster, 'orders publish')) ?? cluster.nodes[0]?.name ?? ''
        const killedAtMs = Date.now()
        onEvent(`kill -9 of node ${node}, to which the order service publishes`)
        await cluster.kill(node)
        this.nodeKills++
        await delay(MEASURED_MS)
        const gapMs = publishGapMs(orders.confirms, killedAtMs)
        if (gapMs !== null) this.longestGapMs = Math.max(this.longestGapMs ?? 0, gapMs)
        this.#isMeasuring = false
        onEvent(`node ${node} starts again${gapMs === null ? '' : `; publishing paused for ${gapMs} ms`}`)
        await delay(Math.max(0, NODE_AWAY_MS - MEASURED_MS))
        await cluster.start(node)
        onEvent(`node ${node} is back`)
      } finally {
        this.#isMeasuring = false
      }
    }
  }

  async #killServices(schedule: Schedule): Promise<void> {
    const { services, seed, onEvent } = this.#options
    const random = seededRandom(seed + 1)
    for (const progress of schedule) {
      if (!(await this.#reached(progress))) return
      const allowed = services.map(({ name }) => name).filter((name) => !this.#isMeasuring || name !== 'orders')
      const victim = nextVictim(this.#killed, allowed, random)
      const service = services.find(({ name }) => name === victim)
      if (service === undefined) return
      // Not in one moment with the others: somewhere between here and the next.
      await delay(random() * 500)
      onEvent(`kill -9 of the service ${service.name}`)
      await service.kill()
      this.serviceKills++
      this.#killed[service.name] = (this.#killed[service.name] ?? 0) + 1
      await delay(SERVICE_AWAY_MS)
      await service.start()
    }
  }

  /** False: it is over before. */
  async #reached(progress: number): Promise<boolean> {
    while (!this.#isOver && this.#options.progress() < progress) await delay(POLL_MS)
    return !this.#isOver
  }

  /** A publisher that was just killed waits until the leases of its dead predecessor run out. */
  async #publishesSteadily(orders: ServiceProcess): Promise<void> {
    const giveUpAtMs = performance.now() + STEADY_TIMEOUT_MS
    while (performance.now() < giveUpAtMs) {
      const first = orders.confirms[0]
      if (orders.state === 'ready' && first !== undefined && Date.now() - first.confirmedAtMs > STEADY_MS) return
      await delay(POLL_MS)
    }
  }
}

/** The node that the connection of this name is open to; null while the management API does not know it. */
async function nodeOf(cluster: Cluster, connectionName: string): Promise<string | null> {
  interface Connection {
    readonly node?: string
    readonly client_properties?: { readonly connection_name?: string }
  }
  const connections = await cluster.management<readonly Connection[]>('connections').catch(() => [])
  const found = connections.find((connection) => connection.client_properties?.connection_name === connectionName)
  return cluster.nodes.find(({ erlangName }) => erlangName === found?.node)?.name ?? null
}
