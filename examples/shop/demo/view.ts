import { stripVTControlCharacters, styleText } from 'node:util'
import { subscriptions } from '../subscriptions.ts'
import { lagOf } from './counts.ts'
import type { Snapshot } from './snapshot.ts'
import { subscribers } from './truth.ts'

const BAR_WIDTH = 24

/** The block that a terminal shows, redrawn in place. */
export function blockOf(snapshot: Snapshot): readonly string[] {
  const { counts, placed, toPlace, rolledBack, nodes, services, failures, nodeKills, serviceKills } = snapshot
  const label = (text: string): string => styleText('dim', text.padEnd(18))
  return [
    `${label('orders')}${bar(placed / toPlace)} ${thousands(placed)} of ${thousands(toPlace)}` +
      styleText('dim', rolledBack === 0 ? '' : `   ${thousands(rolledBack)} transactions rolled back`),
    `${label('events')}${number(counts.events)} published ${rate(snapshot.publishedPerS)}` +
      styleText('dim', '   waiting for the broker ') +
      quantity(counts.pending, 200),
    '',
    ...subscribers.map((name) => {
      const { handled } = counts.bySubscriber[name]
      const lag = lagOf(counts, name)
      return (
        `${label(subscriptions[name].name)}${number(handled)} handled   ` +
        `${styleText('dim', 'lag')} ${quantity(lag, 200)} ${styleText('dim', subscriptions[name].patterns.join(' '))}`
      )
    }),
    `${label('in all')}${number(sumHandled(snapshot))} handled ${rate(snapshot.handledPerS)}` +
      `${styleText('dim', '   failed runs')} ${number(failures, 1)}${styleText('dim', ', retrying')} ${quantity(counts.retrying, 50)}` +
      `${styleText('dim', ', parked')} ${counts.parked === 0 ? '0' : styleText('red', String(counts.parked))}`,
    '',
    `${label('nodes')}${nodes.map(({ name, state }) => `${lamp(state === 'running')} ${name} ${styleText('dim', state)}`).join('   ')}` +
      (nodeKills === 0 ? '' : styleText('yellow', `   killed ${times(nodeKills)}`)),
    `${label('services')}${services.map(({ name, state }) => `${lamp(state === 'ready')} ${name}`).join('  ')}` +
      (serviceKills === 0 ? '' : styleText('yellow', `   killed ${times(serviceKills)}`)),
  ]
}

/** The same in a line, for a log. */
export function lineOf(snapshot: Snapshot): string {
  const { counts, elapsedS, placed, toPlace, publishedPerS, handledPerS, nodes, services } = snapshot
  const lags = subscribers.map((name) => `${subscriptions[name].name} ${lagOf(counts, name)}`).join(', ')
  const down = [
    ...nodes.filter(({ state }) => state !== 'running').map(({ name, state }) => `node ${name} ${state}`),
    ...services.filter(({ state }) => state !== 'ready').map(({ name, state }) => `${name} ${state}`),
  ]
  return (
    `${elapsedS.toFixed(0).padStart(4)} s  ${placed}/${toPlace} orders, ${counts.events} events ` +
    `(${publishedPerS.toFixed(0)}/s published, ${handledPerS.toFixed(0)}/s handled), pending ${counts.pending}, ` +
    `lag: ${lags}, retrying ${counts.retrying}${down.length === 0 ? '' : `; ${down.join(', ')}`}`
  )
}

/** How many cells of a terminal the text fills. */
export function cellsOf(text: string): number {
  return stripVTControlCharacters(text).length
}

function sumHandled({ counts }: Snapshot): number {
  return Object.values(counts.bySubscriber).reduce((sum, { handled }) => sum + handled, 0)
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * BAR_WIDTH)
  return styleText('green', '━'.repeat(full)) + styleText('dim', '─'.repeat(BAR_WIDTH - full))
}

function lamp(isOn: boolean): string {
  return isOn ? styleText('green', '●') : styleText('red', '○')
}

function rate(perSecond: number): string {
  return styleText('cyan', `${thousands(Math.round(perSecond))}/s`.padStart(7))
}

function number(value: number, width = 7): string {
  return styleText('bold', thousands(value).padStart(width))
}

/** Green for nothing, yellow for something, red for a lot. */
function quantity(value: number, aLot: number): string {
  return styleText(value === 0 ? 'green' : value < aLot ? 'yellow' : 'red', thousands(value).padEnd(5))
}

function thousands(value: number): string {
  return value.toLocaleString('en-US')
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
