import { setTimeout as pause } from 'node:timers/promises'
import type { Proof, ProofStore } from '@warren/bus'

export interface RunRequest {
  /** One subscription, or all. */
  readonly ask: string | null
  readonly timeoutMs: number
  readonly onAsked: (subscription: string) => void
  readonly onCompared: (subscription: string, proof: Proof) => void
}

export interface RunOutcome {
  readonly subscription: string
  /** `not-taken`: no reconciler sent a barrier in time. `unanswered`: it lies in the queue, or the subscriber is away. */
  readonly kind: 'compared' | 'unanswered' | 'not-taken'
}

const POLL_MS = 200
/** A reconciler looks every second; one that is busy with a round finishes that first. */
const TAKEN_WITHIN_MS = 15_000

/**
 * Asks for a run and waits until each subscription has answered a barrier that was sent after that, and the questions that its
 * answer led to. Ends early when no barrier at all was sent for TAKEN_WITHIN_MS.
 */
export async function awaitRun(
  proofs: Pick<ProofStore, 'list' | 'requestRun'>,
  subscriptions: readonly string[],
  request: RunRequest,
): Promise<readonly RunOutcome[]> {
  const read = async (): Promise<ReadonlyMap<string, Proof>> =>
    new Map((await proofs.list()).map((proof) => [proof.subscription, proof]))
  const before = await read()
  await proofs.requestRun(request.ask)
  const beganMs = performance.now()
  /** The first barrier after the request. */
  const asked = new Map<string, string>()
  const compared = new Set<string>()

  for (;;) {
    const now = await read()
    for (const name of subscriptions) {
      const proof = now.get(name)
      if (proof === undefined || compared.has(name)) continue
      // Sending a barrier takes the request away, also one that a barrier has overtaken on the way here.
      if (
        !asked.has(name) &&
        !proof.isRequested &&
        proof.barrier !== null &&
        proof.barrier.id !== before.get(name)?.barrier?.id
      ) {
        asked.set(name, proof.barrier.id)
        request.onAsked(name)
      }
      const barrierId = asked.get(name)
      if (barrierId === undefined || proof.answered === null) continue
      if (proof.answered.id >= barrierId && proof.waitingSinceMs === null) {
        compared.add(name)
        request.onCompared(name, proof)
      }
    }
    const waitedMs = performance.now() - beganMs
    const isOver = waitedMs > request.timeoutMs || (asked.size === 0 && waitedMs > TAKEN_WITHIN_MS)
    if (compared.size === subscriptions.length || isOver) break
    await pause(POLL_MS)
  }
  return subscriptions.map((subscription) => ({
    subscription,
    kind: compared.has(subscription) ? 'compared' : asked.has(subscription) ? 'unanswered' : 'not-taken',
  }))
}
