import { styleText } from 'node:util'
import { subscriptions } from '../subscriptions.ts'
import { isClean, subscribers } from './truth.ts'
import type { Truth } from './truth.ts'

/** What a demo found, and what it did to find it. */
export interface Report {
  readonly truth: Truth
  /** Transactions that were rolled back after their event was published in them. */
  readonly rolledBack: number
  readonly nodeKills: number
  readonly serviceKills: number
  /** The longest time around a node's death in which events waited and none was confirmed; null when no node died. */
  readonly publishGapMs: number | null
  readonly store: 'sqlite' | 'postgres'
  readonly seconds: number
}

export function jsonOf({ truth, rolledBack, nodeKills, serviceKills, publishGapMs, store, seconds }: Report): string {
  const { orders, events, expected, applied, lost, duplicated, ghosts, parked, unroutable } = truth
  return JSON.stringify({
    orders,
    rolledBack,
    events,
    expected,
    applied,
    lost,
    duplicated,
    ghosts,
    parked,
    unroutable,
    nodeKills,
    serviceKills,
    publishGapMs,
    store,
    seconds,
  })
}

const EXAMPLES = 5

export function textOf(report: Report): readonly string[] {
  const { truth, rolledBack, nodeKills, serviceKills, publishGapMs, store, seconds } = report
  const deaths = [
    ...(nodeKills === 0 ? [] : [`${nodeKills} × kill -9 of a node`]),
    ...(serviceKills === 0 ? [] : [`${serviceKills} × kill -9 of a service`]),
  ]
  return [
    '',
    styleText('bold', 'The truth, counted in the stores'),
    `  ${truth.orders} orders made ${truth.events} events; ${rolledBack} transactions were rolled back (${store}, ${seconds} s)`,
    ...(deaths.length === 0 ? [] : [`  ${deaths.join(', ')}`]),
    ...(publishGapMs === null ? [] : [`  publishing paused for ${publishGapMs} ms at most while a node died`]),
    '',
    `  ${'subscription'.padEnd(18)}${['expected', 'applied', 'lost', 'duplicated', 'ghosts'].map((text) => text.padStart(11)).join('')}`,
    ...subscribers.map((name) => {
      const { expected, applied, lost, duplicated, ghosts } = truth.bySubscriber[name]
      const numbers = [expected, applied, lost.length, duplicated.length, ghosts.length]
      return `  ${subscriptions[name].name.padEnd(18)}${numbers.map((number) => String(number).padStart(11)).join('')}`
    }),
    ...examplesOf(truth),
    '',
    verdictOf(truth),
  ]
}

/** One sentence. */
export function verdictOf(truth: Truth): string {
  const { lost, duplicated, ghosts, parked, retrying, unroutable, expected, orders } = truth
  if (isClean(truth)) {
    return styleText(
      'green',
      `Every event of ${orders} orders had its effect exactly once: ${expected} of ${expected}.`,
    )
  }
  const wrong = [
    [lost, retrying === 0 ? 'lost' : `without an effect (${retrying} still to be retried)`],
    [duplicated, 'applied twice'],
    [ghosts, 'applied though it never happened'],
    [parked, 'parked'],
    [unroutable, 'without a queue'],
  ].filter(([count]) => count !== 0)
  return styleText('red', `Not every event had its effect once: ${wrong.map((pair) => pair.join(' ')).join(', ')}.`)
}

function examplesOf(truth: Truth): readonly string[] {
  return subscribers.flatMap((name) =>
    (['lost', 'duplicated', 'ghosts'] as const).flatMap((kind) => {
      const keys = truth.bySubscriber[name][kind]
      if (keys.length === 0) return []
      const more = keys.length > EXAMPLES ? ', …' : ''
      return [
        styleText('red', `  ${kind} in ${subscriptions[name].name}: ${keys.slice(0, EXAMPLES).join(', ')}${more}`),
      ]
    }),
  )
}
