import type { BreakerCause, CompensationMode, OrderedBreaker } from '../store/contract/compensation.ts'

export interface BreakerOptions {
  /** Open when more than this share of what was compared seems missing: then the way of receipts is broken, not the queue. */
  readonly maxMissingShare: number
  /** Fewer missing than this never open it. */
  readonly minMissing: number
  /** Open when barriers have waited for an answer for so long: what a resend does could not be seen. */
  readonly maxUnansweredMs: number
}

export interface BreakerInput {
  readonly missing: number
  /** Events that were compared in the same time. */
  readonly compared: number
  /** 0 when the last barrier was answered. */
  readonly unansweredMs: number
  /** Resends of a trial that were asked after, and how many of them had come; null while no trial has ended. */
  readonly trial: { readonly asked: number; readonly arrived: number } | null
  readonly mode: CompensationMode
  readonly order: OrderedBreaker | null
}

export type BreakerDecision =
  | { readonly kind: 'closed' }
  /** Nothing is resent but a few, as a trial, when `mayTry`. */
  | { readonly kind: 'open'; readonly cause: BreakerCause; readonly reason: string; readonly mayTry: boolean }

/** A trial has gone well when this share of its resends has come. */
const GOOD_TRIAL = 0.8

/**
 * Decides whether missing events may be resent. A trial that went well, and a person, overrule the share, but not a missing answer. Where
 * nothing is missing it would stop nothing, and is closed: neither a backlog nor a setting is an alarm.
 */
export function decideBreaker(input: BreakerInput, options: BreakerOptions): BreakerDecision {
  const { missing, compared, unansweredMs, trial, mode, order } = input
  if (missing === 0) return { kind: 'closed' }
  if (mode === 'off') return { kind: 'open', cause: 'off', reason: 'compensation is off', mayTry: false }
  if (order?.order === 'hold') return { kind: 'open', cause: 'held', reason: `held by ${order.by}`, mayTry: false }
  if (unansweredMs > options.maxUnansweredMs) {
    const seconds = Math.round(options.maxUnansweredMs / 1000)
    const reason = `no barrier was answered for more than ${seconds} s`
    return { kind: 'open', cause: 'unanswered', reason, mayTry: false }
  }
  const isTooMuch = missing >= options.minMissing && missing > compared * options.maxMissingShare
  const isGoodTrial = trial !== null && trial.asked > 0 && trial.arrived / trial.asked >= GOOD_TRIAL
  if (!isTooMuch || isGoodTrial || order?.order === 'close') return { kind: 'closed' }
  const share = compared === 0 ? 100 : Math.round((missing / compared) * 100)
  const limit = Math.round(options.maxMissingShare * 100)
  const reason = `${missing} of ${compared} events seem missing (${share} %, more than ${limit} %)`
  return { kind: 'open', cause: 'share', reason, mayTry: true }
}
