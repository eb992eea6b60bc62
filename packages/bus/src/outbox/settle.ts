import type { PublishOutcome } from '../amqp/publisher.ts'
import type { PendingEvent, PendingState } from '../store/store.ts'

/**
 * What becomes of an event once the broker has answered:
 * - `sent`: its pending row goes.
 * - `again`: it is sent again at once, nothing is counted (the connection went, not the event).
 * - `alone`: the broker closed the channel on it or on a neighbour; sent with nothing else in flight, to find out which.
 * - `later`: counted, and due again after the delay, or kept aside in another state.
 */
export type Settlement =
  | { readonly kind: 'sent' }
  | { readonly kind: 'again' }
  | { readonly kind: 'alone' }
  | { readonly kind: 'later'; readonly state: PendingState; readonly delayMs: number; readonly error: string }

export interface SettleContext {
  readonly isAlone: boolean
  /** 0 ≤ random < 1 */
  readonly random: number
}

/** Longest pause between two attempts of one event, and between two questions whether a queue takes an unroutable one. */
export const MAX_RETRY_DELAY_MS: number = 30_000
export const MAX_PROBE_DELAY_MS: number = 5_000

/**
 * AMQP reply codes that speak of the exchange: it is gone (404), then the topology is declared again; or this user may not write to it
 * (403), then somebody has to grant it. The event is not to blame.
 */
const BLAMES_EXCHANGE: ReadonlySet<number> = new Set([403, 404])

export function decideSettlement(event: PendingEvent, outcome: PublishOutcome, context: SettleContext): Settlement {
  switch (outcome.kind) {
    case 'confirmed':
      return { kind: 'sent' }
    case 'returned':
      if (event.isOptional) return { kind: 'sent' }
      return {
        kind: 'later',
        state: 'unroutable',
        delayMs: backoffMs(event.attempts, MAX_PROBE_DELAY_MS, context.random),
        error: `EVENT_UNROUTABLE: no queue took it (${outcome.replyText})`,
      }
    case 'nacked':
      return unconfirmed(event, 'the broker answered with a nack', context)
    case 'unknown':
      return outcome.reason === 'connection-lost'
        ? { kind: 'again' }
        : unconfirmed(event, 'no confirm came in time', context)
    case 'refused':
      if (BLAMES_EXCHANGE.has(outcome.code)) return unconfirmed(event, outcome.text, context)
      if (!context.isAlone) return { kind: 'alone' }
      return {
        kind: 'later',
        state: 'unpublishable',
        delayMs: 0,
        error: `EVENT_UNPUBLISHABLE: ${outcome.code} ${outcome.text}`,
      }
  }
}

function unconfirmed(event: PendingEvent, reason: string, context: SettleContext): Settlement {
  return {
    kind: 'later',
    state: 'pending',
    delayMs: backoffMs(event.attempts, MAX_RETRY_DELAY_MS, context.random),
    error: `PUBLISH_UNCONFIRMED: ${reason}`,
  }
}

/** 250 ms, doubled with each attempt up to `maxMs`, with the upper half random so that relays do not march in step. */
function backoffMs(attempts: number, maxMs: number, random: number): number {
  const fullMs = Math.min(maxMs, 250 * 2 ** Math.min(attempts, 20))
  return Math.round(fullMs * (0.5 + random / 2))
}
