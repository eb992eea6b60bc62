import type { Digest, EventKey } from '../store/contract/reconciliation.ts'

export interface DigestComparison {
  readonly isEqual: boolean
  /** How many of the sent events were expected. */
  readonly expected: number
}

/**
 * Equal when of every expected name the same number of ids with the same xor was sent and received. Two different sets
 * look equal with a probability of 2^-48. What was received and not expected (from before the patterns changed, by a
 * backfill) says nothing.
 */
export function compareDigests(
  sent: readonly Digest[],
  received: readonly Digest[],
  expects: (name: string) => boolean,
): DigestComparison {
  const counterparts = new Map(received.map((digest) => [digest.name, digest]))
  let expected = 0
  let isEqual = true
  for (const { name, count, xor } of sent) {
    if (!expects(name)) continue
    expected += count
    const counterpart = counterparts.get(name)
    if (counterpart?.count !== count || counterpart.xor !== xor) isEqual = false
  }
  const names = new Set(sent.map(({ name }) => name))
  if (received.some(({ name }) => !names.has(name) && expects(name))) isEqual = false
  return { isEqual, expected }
}

export interface IdComparison {
  /** Sent, expected, and not received. */
  readonly missing: readonly EventKey[]
  /** Received, and not sent as far as is known: a ghost unless the ledger has it. */
  readonly extra: readonly EventKey[]
  readonly expected: number
}

/** The exact difference of two sets of events. */
export function compareIds(
  sent: readonly EventKey[],
  received: readonly EventKey[],
  expects: (name: string) => boolean,
): IdComparison {
  const sentIds = new Set(sent.map(({ id }) => id))
  const receivedIds = new Set(received.map(({ id }) => id))
  const expected = sent.filter(({ name }) => expects(name))
  return {
    missing: expected.filter(({ id }) => !receivedIds.has(id)),
    extra: received.filter(({ id }) => !sentIds.has(id)),
    expected: expected.length,
  }
}
