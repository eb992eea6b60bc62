/** A pair of an event and a subscription that does not have it. */
export interface Pair {
  readonly subscription: string
  readonly id: string
}

/** What was done to a subscription, and what has to be found because of it. */
export interface Fault {
  readonly kind: string
  readonly subscription: string
  /** The cause that each of the events must be given. */
  readonly cause: string
  readonly ids: readonly string[]
}

export interface Reported extends Pair {
  readonly state: string
  readonly cause: string | null
}

export interface FaultVerdict {
  readonly kind: string
  readonly subscription: string
  readonly expected: number
  /** Of these, reported as missing. */
  readonly found: number
  /** Of these, with the right cause. */
  readonly rightCause: number
  readonly wrongCauses: Readonly<Record<string, number>>
  /** Of these, there in the end. */
  readonly recovered: number
}

export interface Verdict {
  readonly faults: readonly FaultVerdict[]
  /** Reported as missing although nothing was done to them. */
  readonly falselyMissing: readonly Pair[]
  /** Resent to a subscription that did not miss them. */
  readonly extraResends: readonly Pair[]
  readonly resends: number
}

/** Compares what was done with what was reported, and with what a queue of our own saw being resent. */
export function judge(faults: readonly Fault[], reported: readonly Reported[], resent: readonly Pair[]): Verdict {
  const byKey = new Map(reported.map((each) => [keyOf(each), each]))
  const expected = new Set(faults.flatMap(({ subscription, ids }) => ids.map((id) => keyOf({ subscription, id }))))
  return {
    faults: faults.map((fault) => {
      const { kind, subscription, cause, ids } = fault
      const found = ids.flatMap((id) => byKey.get(keyOf({ subscription, id })) ?? [])
      const wrong = found.filter((each) => each.cause !== cause)
      const wrongCauses = Object.fromEntries(
        [...Map.groupBy(wrong, (each) => each.cause ?? 'none')].map(([name, group]) => [name, group.length]),
      )
      return {
        kind,
        subscription,
        expected: ids.length,
        found: found.length,
        rightCause: found.length - wrong.length,
        wrongCauses,
        recovered: found.filter(({ state }) => state === 'recovered').length,
      }
    }),
    falselyMissing: reported.filter((each) => !expected.has(keyOf(each))),
    extraResends: resent.filter((each) => !expected.has(keyOf(each))),
    resends: resent.length,
  }
}

/** True when everything was found with its cause and came, and nobody got anything else. */
export function isExact({ faults, falselyMissing, extraResends }: Verdict): boolean {
  return (
    falselyMissing.length === 0 &&
    extraResends.length === 0 &&
    faults.every(
      ({ expected, found, rightCause, recovered }) =>
        expected > 0 && found === expected && rightCause === expected && recovered === expected,
    )
  )
}

function keyOf({ subscription, id }: Pair): string {
  return `${subscription} ${id}`
}
