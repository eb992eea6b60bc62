import type { Cause, Evidence } from '../store/contract/reconciliation.ts'

/** An event that was sent and that the subscription expects, in the order of their ids. */
export interface Sent {
  readonly id: string
  readonly name: string
  readonly isMissing: boolean
}

/**
 * How often missing events and ones that came must take turns before it is taken for more than chance. A binding that went and
 * came back as often, or a purge that met only some events of a queue as often, is not to be believed.
 */
const LEAST_TURNS = 3

/**
 * What the pattern of missing events among those that came says of their cause; null when it says nothing. For where nobody
 * looks at the broker. `depends` says of a name whether events of it come only by bindings that the missing ones need.
 *
 * - Missing events and ones that came by the same bindings take turns: something took single ones out of the queue.
 * - All that need certain bindings are missing, and they take turns with others that came: nothing that empties a queue chooses
 *   by name, so they never were in it.
 */
export function causeBySequence(
  sent: readonly Sent[],
  depends: (name: string) => boolean,
): { readonly cause: Cause; readonly evidence: Evidence } | null {
  const dependent = sent.filter(({ name }) => depends(name))
  const takenTurns = turns(dependent)
  if (takenTurns >= LEAST_TURNS) {
    return { cause: 'removed', evidence: { isCertain: false, cameBetweenMissingOnes: true, turns: takenTurns } }
  }
  const first = sent.findIndex(({ name, isMissing }) => isMissing && depends(name))
  const last = sent.findLastIndex(({ name, isMissing }) => isMissing && depends(name))
  const within = sent.slice(first, last + 1)
  if (first === -1 || within.some(({ name, isMissing }) => depends(name) !== isMissing)) return null
  const otherTurns = turns(within)
  if (otherTurns < LEAST_TURNS) return null
  return {
    cause: 'never-routed',
    evidence: { isCertain: false, othersCameBetweenMissingOnes: true, turns: otherTurns },
  }
}

/** Runs of missing events that have one that came before them, after another one that is missing. */
function turns(sent: readonly Sent[]): number {
  const first = sent.findIndex(({ isMissing }) => isMissing)
  if (first === -1) return 0
  return sent.slice(first + 1).filter(({ isMissing }, index) => isMissing && sent[first + index]?.isMissing === false)
    .length
}
