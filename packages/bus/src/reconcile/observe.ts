import type { Observation } from '../store/contract/reconciliation.ts'
import { bindingText } from './watch.ts'
import type { QueueView } from './watch.ts'

/** One look at one subscription's queue. What it saw was so at some time from `fromMs` to `toMs`, by the publisher's database. */
export interface Look {
  readonly subscription: string
  readonly fromMs: number
  readonly toMs: number
  readonly view: QueueView
}

type Trouble = Pick<Observation, 'kind' | 'what'>

/** What a look finds wrong. A queue that is gone has no bindings: that they are gone too is not said. */
export function troublesIn({ queue, exists, absent, downNodes }: QueueView): readonly Trouble[] {
  if (!exists) return [{ kind: 'queue-absent', what: queue }]
  return [
    ...absent.map((binding): Trouble => ({ kind: 'binding-absent', what: bindingText(binding) })),
    ...downNodes.map((node): Trouble => ({ kind: 'node-down', what: node })),
  ]
}

export interface Observed {
  /** To be written. */
  readonly observations: readonly Observation[]
  readonly begun: readonly Observation[]
  readonly ended: readonly Observation[]
}

/**
 * What is known after a look: troubles that begin, go on and end. `before` are the open observations of the subscription and
 * its last `watched` one. After a pause of more than `maxGapMs`, in which nobody looked, what is still wrong is written as
 * ended and begun again: what lies in the pause is not certain.
 */
export function observe(before: readonly Observation[], look: Look, maxGapMs: number): Observed {
  const { subscription, fromMs, toMs } = look
  const watched = before.findLast(({ kind }) => kind === 'watched')
  const lastLookMs = watched?.lastSeenMs ?? null
  const isContinued = lastLookMs !== null && fromMs - lastLookMs <= maxGapMs
  const open = before.filter(({ wellAgainMs }) => wellAgainMs === null)
  const troubles = troublesIn(look.view)
  const isSame = (one: Trouble, other: Trouble): boolean => one.kind === other.kind && one.what === other.what

  const begin = ({ kind, what }: Trouble, wellBeforeMs: number | null): Observation => {
    return { subscription, kind, what, wellBeforeMs, firstSeenMs: toMs, lastSeenMs: toMs, wellAgainMs: null }
  }
  const begun = troubles.filter((trouble) => !open.some((each) => isSame(each, trouble)))
  const goneOn = open.filter((each) => troubles.some((trouble) => isSame(each, trouble)))
  const ended = open.filter((each) => !goneOn.includes(each)).map((each) => ({ ...each, wellAgainMs: toMs }))
  const opened = begun.map((trouble) => begin(trouble, lastLookMs))
  const continued = isContinued
    ? goneOn.map((each) => ({ ...each, lastSeenMs: Math.max(each.lastSeenMs, fromMs) }))
    : goneOn.flatMap((each) => [{ ...each, wellAgainMs: toMs }, begin(each, each.lastSeenMs)])
  const seen: Observation =
    watched !== undefined && isContinued
      ? { ...watched, lastSeenMs: fromMs, wellAgainMs: fromMs }
      : {
          ...{ subscription, kind: 'watched', what: look.view.queue, wellBeforeMs: null },
          ...{ firstSeenMs: fromMs, lastSeenMs: fromMs, wellAgainMs: fromMs },
        }
  return { observations: [seen, ...opened, ...continued, ...ended], begun: opened, ended }
}
