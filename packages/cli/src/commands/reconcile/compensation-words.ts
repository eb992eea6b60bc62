import type { CompensationSettings, OrderedBreaker } from '@warren/bus'
import type { SeenCompensation, WatchedSubscription } from '@warren/bus/operate'
import { showDuration, showTime } from '../../times.ts'

type Setting = keyof CompensationSettings

/** How each setting is called in text, and how its value is shown. */
export const settingWords: {
  readonly [Name in Setting]: { readonly name: string; readonly show: (value: CompensationSettings[Name]) => string }
} = {
  mode: { name: 'compensation', show: (mode) => mode },
  share: { name: 'budget share', show: percent },
  minPerSecond: { name: 'budget minimum', show: perSecond },
  maxMissingShare: { name: 'breaker share', show: percent },
  minMissing: { name: 'breaker minimum', show: String },
  maxUnansweredMs: { name: 'breaker unanswered', show: showDuration },
}

export const settingNames = Object.keys(settingWords) as readonly Setting[]

export function showSetting<Name extends Setting>(name: Name, value: CompensationSettings[Name]): string {
  return settingWords[name].show(value)
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}

export function perSecond(rate: number): string {
  return `${Number(rate.toFixed(2))}/s`
}

/** What is set there, by whom and when. */
export function showOverride({ override }: SeenCompensation): string {
  if (override === null) return ''
  const names = settingNames.filter((name) => override.set[name] !== undefined).map((name) => settingWords[name].name)
  return `${names.join(', ')} by ${override.by}, ${showTime(new Date(override.atMs))}`
}

/** In one word or a few, how missing events are treated: for a list. */
export function inShort({ compensation, proof }: Pick<WatchedSubscription, 'compensation' | 'proof'>): string {
  const { inEffect } = compensation
  const order = proof.order === null ? [] : [orderWords(proof.order)]
  if (inEffect === null) return ['?', ...order].join(', ')
  const isSet = Object.values(inEffect.origins).some((origin) => origin !== 'code')
  return [inEffect.settings.mode, ...(isSet ? ['set'] : []), ...order].join(', ')
}

/** What a person has told the breaker. */
export function orderWords({ order, by }: OrderedBreaker): string {
  return order === 'hold' ? `held by ${by}` : `told to ${order} by ${by}`
}

/** Times in ISO 8601, as everywhere in documents. */
export function compensationDocument({ inEffect, override, perSecond: allowed, resent }: SeenCompensation): object {
  return {
    settings: inEffect?.settings ?? null,
    origins: inEffect?.origins ?? null,
    hasOwnBudget: inEffect?.hasOwnBudget ?? null,
    allowedPerSecond: allowed,
    resentLastMinute: resent.lastMinute,
    resentLastHour: resent.lastHour,
    set: override === null ? null : { ...override.set, by: override.by, at: new Date(override.atMs).toISOString() },
  }
}

export function orderDocument({ order }: WatchedSubscription['proof']): object | null {
  return order === null ? null : { order: order.order, by: order.by, at: new Date(order.atMs).toISOString() }
}
