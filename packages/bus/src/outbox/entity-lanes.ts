import type { PendingEvent } from '../store/store.ts'

interface Lane {
  /** Being sent, or about to be. */
  readonly out: Set<string>
  /** By id, which of one entity is the order of commits. */
  readonly queue: PendingEvent[]
}

/** From so many on no more are taken from the store, where they leave room for other entities. */
const MAX_QUEUED = 64

/**
 * Of each ordered entity one event is on its way at a time: the next one is sent when the broker has confirmed it. Pure.
 *
 * A lane is open, or closed since an event of it must wait for another attempt: then those behind it go back to the store, and
 * none is let in. It opens for the first claim that begins after the store knows that the event waits: that claim leaves
 * those behind it out, while one that began before may bring them yet.
 */
export class EntityLanes {
  readonly #lanes = new Map<string, Lane>()
  /** The key of a lane by the event that closed it, until the store knows. */
  readonly #closing = new Map<string, string>()
  readonly #closed = new Map<string, 'unknown' | 'known'>()

  /** Entities that have enough events here. */
  get full(): readonly string[] {
    return [...this.#lanes].flatMap(([key, { queue }]) => (queue.length >= MAX_QUEUED ? [key] : []))
  }

  /** A claim begins. */
  claiming(): void {
    for (const [key, state] of this.#closed) if (state === 'known') this.#closed.delete(key)
  }

  /** `go`: it may be sent now. `queued`: leave() gives it back. `refused`: it stays in the store. */
  enter(event: PendingEvent): 'go' | 'queued' | 'refused' {
    const key = keyOf(event)
    if (key === null) return 'go'
    if (this.#closed.has(key)) return 'refused'
    const lane = this.#lanes.get(key) ?? { out: new Set<string>(), queue: [] }
    this.#lanes.set(key, lane)
    if (lane.out.size > 0) {
      insertById(lane.queue, event)
      return 'queued'
    }
    lane.out.add(event.id)
    return 'go'
  }

  /** The event is sent, or kept aside for good; the next one may go. */
  leave(event: PendingEvent): PendingEvent | null {
    const key = keyOf(event)
    const lane = key === null ? undefined : this.#lanes.get(key)
    if (key === null || lane === undefined) return null
    lane.out.delete(event.id)
    if (lane.out.size > 0) return null
    const next = lane.queue.shift() ?? null
    if (next === null) this.#lanes.delete(key)
    else lane.out.add(next.id)
    return next
  }

  /** The event waits for another attempt: closes its lane. Returns those behind it, which go back to the store. */
  close(event: PendingEvent): readonly PendingEvent[] {
    const key = keyOf(event)
    if (key === null) return []
    this.#closing.set(event.id, key)
    this.#closed.set(key, 'unknown')
    return this.drop(event)
  }

  /** The store knows of these events that they wait. */
  known(ids: readonly string[]): void {
    if (this.#closing.size === 0) return
    for (const id of ids) {
      const key = this.#closing.get(id)
      this.#closing.delete(id)
      if (key !== undefined) this.#closed.set(key, 'known')
    }
  }

  /** The event is not sent from here. Returns those behind it, which go back to the store too. */
  drop(event: PendingEvent): readonly PendingEvent[] {
    const key = keyOf(event)
    const lane = key === null ? undefined : this.#lanes.get(key)
    if (key === null || lane === undefined) return []
    lane.out.delete(event.id)
    const behind = lane.queue.splice(0)
    if (lane.out.size === 0) this.#lanes.delete(key)
    return behind
  }

  /** Takes out what has not been let go, of one bucket or of all. */
  drain(bucket: number | null): readonly PendingEvent[] {
    return [...this.#lanes.values()].flatMap(({ queue }) =>
      bucket === null || queue[0]?.bucket === bucket ? queue.splice(0) : [],
    )
  }
}

/** What no queue took is kept aside, and comes late in any case: the subscriptions wait for it, not the relay. */
function keyOf(event: PendingEvent): string | null {
  return event.state === 'pending' ? (event.orderKey ?? null) : null
}

/** Keeps the order of ids, which is the order of an entity's events, when one comes back. */
export function insertById(events: PendingEvent[], event: PendingEvent): void {
  let index = events.length
  while (index > 0 && (events[index - 1]?.id ?? '') > event.id) index--
  events.splice(index, 0, event)
}
