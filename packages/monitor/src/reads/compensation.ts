import type { BreakerCause, BreakerOrder, CompensationMode, OrderedBreaker } from '@warren/bus'
import type { SeenCompensation } from '@warren/bus/operate'
import { z } from 'zod'
import { time } from './pages.ts'

export const mode = z.enum(['auto', 'report', 'off'] satisfies readonly CompensationMode[])
export const breakerCause = z.enum(['off', 'held', 'unanswered', 'share'] satisfies readonly BreakerCause[])
const order = z.enum(['hold', 'close', 'try'] satisfies readonly BreakerOrder[])
const origin = z.enum(['code', 'all', 'one'])

const settings = z.object({
  mode,
  share: z.number().meta({ description: 'of the live rate that resends may take' }),
  minPerSecond: z.number().meta({ description: 'resends that are allowed in any case' }),
  maxMissingShare: z.number().meta({ description: 'the breaker opens when more than this seems missing' }),
  minMissing: z.number().meta({ description: 'but not below so many' }),
  maxUnansweredMs: z.number().meta({ description: 'or when no barrier is answered for so long' }),
})

export const compensation = z.object({
  settings: settings.nullable().meta({
    description: 'in effect; null: no process of the publisher has written down yet what its code says',
  }),
  origins: z
    .record(z.enum(Object.keys(settings.shape) as (keyof typeof settings.shape)[]), origin)
    .nullable()
    .meta({ description: 'of each setting: what the code says, what is set for all, or for this one' }),
  set: z
    .object({ settings: settings.partial(), by: z.string(), at: time })
    .nullable()
    .meta({ description: 'what is set there' }),
  hasOwnBudget: z.boolean(),
  allowedPerSecond: z.number().nullable().meta({ description: 'resends, now' }),
  resentLastMinute: z.number(),
  resentLastHour: z.number(),
})

export const orderedBreaker = z
  .object({ order, by: z.string(), at: time })
  .nullable()
  .meta({ description: 'what a person has told the breaker' })

export type CompensationReply = z.infer<typeof compensation>
export type SettingsReply = z.infer<typeof settings>

export function compensationOf({ inEffect, override, perSecond, resent }: SeenCompensation): CompensationReply {
  return {
    settings: inEffect?.settings ?? null,
    origins: inEffect?.origins ?? null,
    set:
      override === null
        ? null
        : { settings: { ...override.set }, by: override.by, at: new Date(override.atMs).toISOString() },
    hasOwnBudget: inEffect?.hasOwnBudget ?? false,
    allowedPerSecond: perSecond,
    resentLastMinute: resent.lastMinute,
    resentLastHour: resent.lastHour,
  }
}

export function orderOf(ordered: OrderedBreaker | null): z.infer<typeof orderedBreaker> {
  return ordered === null ? null : { order: ordered.order, by: ordered.by, at: new Date(ordered.atMs).toISOString() }
}
