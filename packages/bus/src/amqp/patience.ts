const FIRST_MS = 200
const MOST_MS = 10_000
const FORGET_AFTER_MS = 60_000
const SILENCE_MS = 1_000

/** What a channel has shown of itself since it was opened. */
export interface LaneHealth {
  readonly ageMs: number
  readonly oldestInFlightMs: number
  readonly hasConfirmed: boolean
  readonly hasNacked: boolean
}

/**
 * How long to publish on a channel that gets nacks, or that has confirmed nothing at all, before a new one is tried: 200 ms
 * (1 s for a silent one), doubled up to 10 s each time that a minute brings another.
 *
 * A channel that speaks to a quorum queue for the first time while the node of its leader is down nacks for ever, also
 * once there is another leader; while that node is frozen, it blocks for at least 7 s (RabbitMQ 3.10). A new channel does
 * neither as soon as there is a leader. A queue that is full nacks as well; there a new channel is of no use, but cheap.
 */
export class Patience {
  #ms = FIRST_MS
  #endedAtMs = Number.NEGATIVE_INFINITY

  isOver(lane: LaneHealth): boolean {
    if (lane.hasNacked) return lane.ageMs >= this.#ms
    return !lane.hasConfirmed && lane.oldestInFlightMs >= Math.max(SILENCE_MS, this.#ms)
  }

  /** A channel was replaced. */
  end(nowMs: number): void {
    const isRepeated = nowMs - this.#endedAtMs < FORGET_AFTER_MS
    this.#ms = isRepeated ? Math.min(MOST_MS, this.#ms * 2) : FIRST_MS
    this.#endedAtMs = nowMs
  }
}
