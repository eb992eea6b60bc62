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
  /** Those of the services that may be killed. */
  readonly victims: readonly ServiceName[]
  /** How much of the orders is placed, from 0 to 1. */
  readonly progress: () => number
  /** How long the run is meant to be. */
  readonly runS: number
  readonly seed: number
  readonly onEvent: (line: string) => void
}

const POLL_MS = 50
const HELD_POLL_MS = 5
/** A signal takes its time on a busy machine. */
const HELD_STILL_MS = 300
/** How long a killed node stays away at least, and a killed service. */
const NODE_AWAY_MS = 4_000
const SERVICE_AWAY_MS = 400
/** The publisher is left alone so long before a node is killed, and after it until it publishes again: what is measured is the node's death alone. */
const STEADY_MS = 1_500
const MEASURE_TIMEOUT_MS = 30_000

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
        const port = orders.link?.port
        const node = cluster.nodes.find(({ amqpPort }) => amqpPort === port) ?? cluster.nodes[0]
        if (node === undefined) return
        const { name } = node
        const killedAtMs = Date.now()
        onEvent(`kill -9 of node ${name}, to which the order service publishes`)
        await cluster.kill(name)
        this.nodeKills++
        await delay(NODE_AWAY_MS)
        const gapMs = await this.#measureGap(orders, killedAtMs)
        if (gapMs !== null) this.longestGapMs = Math.max(this.longestGapMs ?? 0, gapMs)
        this.#isMeasuring = false
        onEvent(`node ${name} starts again${gapMs === null ? '' : `; publishing paused for ${gapMs} ms`}`)
        await cluster.start(name)
        onEvent(`node ${name} is back`)
      } finally {
        this.#isMeasuring = false
      }
    }
  }

  async #killServices(schedule: Schedule): Promise<void> {
    const { services, victims, seed, onEvent } = this.#options
    const random = seededRandom(seed + 1)
    for (const progress of schedule) {
      if (!(await this.#reached(progress))) return
      // Not with the others in one moment, but somewhere between this and the next.
      await delay(random() * 500)
      const allowed = victims.filter((name) => !this.#isMeasuring || name !== 'orders')
      const victim = nextVictim(this.#killed, allowed, random)
      const service = services.find(({ name }) => name === victim)
      if (service === undefined) return
      await this.#held(service)
      onEvent(`kill -9 of the service ${service.name}`)
      await service.kill()
      this.serviceKills++
      this.#killed[service.name] = (this.#killed[service.name] ?? 0) + 1
      await delay(SERVICE_AWAY_MS)
      await service.start()
    }
  }

  /** One that is to be killed between commit and acknowledgement gets there as long as orders come in. */
  async #held(service: ServiceProcess): Promise<void> {
    while (service.heldUntilMs !== null && !this.#isOver && this.#options.progress() < 1) {
      if (service.state === 'ready' && service.heldUntilMs - Date.now() > HELD_STILL_MS) return
      await delay(HELD_POLL_MS)
    }
  }

  /** False: it is over before. */
  async #reached(progress: number): Promise<boolean> {
    while (!this.#isOver && this.#options.progress() < progress) await delay(POLL_MS)
    return !this.#isOver
  }

  /** Once the publisher has another connection and a confirm on it; null when there was nothing more to publish. */
  async #measureGap(orders: ServiceProcess, killedAtMs: number): Promise<number | null> {
    const giveUpAtMs = performance.now() + MEASURE_TIMEOUT_MS
    for (;;) {
      const linkedAtMs = orders.link?.atMs ?? Infinity
      const isOver = linkedAtMs > killedAtMs && orders.confirms.some(({ confirmedAtMs }) => confirmedAtMs > linkedAtMs)
      if (isOver) return publishGapMs(orders.confirms, killedAtMs)
      if (performance.now() > giveUpAtMs) return null
      await delay(POLL_MS)
    }
  }

  /** A publisher that was just killed waits until the leases of its dead predecessor run out. */
  async #publishesSteadily(orders: ServiceProcess): Promise<void> {
    const giveUpAtMs = performance.now() + MEASURE_TIMEOUT_MS
    while (performance.now() < giveUpAtMs) {
      const first = orders.confirms[0]
      if (orders.state === 'ready' && first !== undefined && Date.now() - first.confirmedAtMs > STEADY_MS) return
      await delay(POLL_MS)
    }
  }
}
