import { randomUUID } from 'node:crypto'
import type { Logger } from '../logger.ts'
import { Signal } from '../signal.ts'
import type { Lease, LeaseStore } from '../store/store.ts'
import { BUCKETS } from './buckets.ts'

const bucketGroup = 'relay-bucket'
const memberGroup = 'relay-member'

export interface ShareOptions {
  readonly leases: LeaseStore
  readonly logger: Logger
  /** How long a bucket stays with a relay that no longer renews it. Default 6 s: a dead relay is replaced within 8 s. */
  readonly leaseMs?: number
  /** Called before a bucket is given to another relay: resolves when nothing of it is on its way any more. */
  readonly drain: (bucket: number) => Promise<void>
}

/**
 * The buckets that this relay may send. Relays of one service share them evenly by leases in the store: each announces
 * itself, takes what is free or expired up to its fair share, and gives back what it holds above it.
 *
 * AMQP cannot fence a relay that lost its lease without noticing (a long pause): what it still sends arrives twice,
 * and the inbox absorbs it.
 */
export class BucketShare {
  readonly owner: string = randomUUID()
  readonly signals: { readonly changed: Signal } = { changed: new Signal() }
  readonly #options: ShareOptions
  readonly #leaseMs: number
  readonly #held = new Set<number>()
  readonly #draining = new Set<number>()
  #renewedAtMs = 0
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> = Promise.resolve()
  #isRunning = false

  constructor(options: ShareOptions) {
    this.#options = options
    this.#leaseMs = options.leaseMs ?? 6_000
  }

  /** Empty while the lease may have run out: what cannot be proved to be ours is not sent. */
  get buckets(): readonly number[] {
    if (performance.now() - this.#renewedAtMs > this.#leaseMs) return []
    return [...this.#held]
  }

  has(bucket: number): boolean {
    return this.#held.has(bucket) && performance.now() - this.#renewedAtMs <= this.#leaseMs
  }

  async start(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    await this.#renew()
  }

  /** Gives every bucket back, so that another relay takes over at once. */
  async stop(): Promise<void> {
    if (!this.#isRunning) return
    this.#isRunning = false
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#round
    const held = [...this.#held]
    this.#held.clear()
    await this.#options.leases.release(bucketGroup, held.map(String), this.owner)
    await this.#options.leases.release(memberGroup, [this.owner], this.owner)
  }

  async #renew(): Promise<void> {
    this.#round = this.#renewOnce().catch((error: unknown) => {
      this.#options.logger.warn({ error }, 'relay leases could not be renewed')
    })
    await this.#round
    if (this.#isRunning) this.#timer = setTimeout(() => void this.#renew(), this.#leaseMs / 3)
  }

  async #renewOnce(): Promise<void> {
    const { leases } = this.#options
    // Read before the round trip: the lease runs from some moment after this one.
    const startedAtMs = performance.now()
    await leases.acquire(memberGroup, [this.owner], this.owner, this.#leaseMs)
    const members = (await leases.list(memberGroup)).filter((lease) => !lease.isExpired).map((lease) => lease.owner)
    const plan = planShare(this.owner, members, await leases.list(bucketGroup))

    // A bucket that is still draining is renewed, so that nobody takes it before the last of it has settled.
    const names = [...plan.wanted.filter((bucket) => !this.#draining.has(bucket)), ...this.#draining]
    const acquired = await leases.acquire(bucketGroup, names.map(String), this.owner, this.#leaseMs)
    const before = [...this.#held].sort().join()
    this.#held.clear()
    for (const bucket of acquired.map(Number)) if (!this.#draining.has(bucket)) this.#held.add(bucket)
    this.#renewedAtMs = startedAtMs
    if ([...this.#held].sort().join() !== before) this.signals.changed.emit()

    for (const bucket of plan.surplus) if (!this.#draining.has(bucket)) void this.#giveBack(bucket)
  }

  async #giveBack(bucket: number): Promise<void> {
    this.#draining.add(bucket)
    this.#held.delete(bucket)
    try {
      await this.#options.drain(bucket)
      await this.#options.leases.release(bucketGroup, [String(bucket)], this.owner)
    } catch (error) {
      // It is not renewed from now on, and so becomes free when it expires.
      this.#options.logger.warn({ error, bucket }, 'a relay lease could not be given back')
    } finally {
      this.#draining.delete(bucket)
    }
  }
}

export interface SharePlan {
  /** To renew or to take. */
  readonly wanted: readonly number[]
  /** Held, and to be given back. */
  readonly surplus: readonly number[]
}

/** Decides which buckets a relay keeps, takes and gives back so that all living relays end with an even share. */
export function planShare(owner: string, members: readonly string[], leases: readonly Lease[]): SharePlan {
  const living = new Set([...members, owner])
  const fairShare = Math.ceil(BUCKETS / living.size)
  const taken = new Map(leases.filter((lease) => !lease.isExpired).map((lease) => [Number(lease.name), lease.owner]))

  const mine: number[] = []
  const free: number[] = []
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const holder = taken.get(bucket)
    if (holder === owner) mine.push(bucket)
    else if (holder === undefined) free.push(bucket)
  }
  const kept = mine.slice(0, fairShare)
  return { wanted: [...kept, ...free.slice(0, fairShare - kept.length)], surplus: mine.slice(fairShare) }
}
