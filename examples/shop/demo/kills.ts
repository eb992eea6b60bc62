import type { ServiceName } from '../services/services.ts'

/** How much of the orders must be placed before the next thing is killed, from 0 to 1. */
export type Schedule = readonly number[]

const SECONDS_BETWEEN_NODE_KILLS = 40
const SECONDS_BETWEEN_SERVICE_KILLS = 6

/** One kill after a third of the run, and more when the run is long. */
export function scheduleNodeKills(runS: number): Schedule {
  const kills = Math.max(1, Math.round(runS / SECONDS_BETWEEN_NODE_KILLS))
  return Array.from({ length: kills }, (_, index) => (index + 0.3) / kills)
}

/** Four kills, the first of which comes early, and more when the run is long. */
export function scheduleServiceKills(runS: number): Schedule {
  const kills = Math.max(4, Math.round(runS / SECONDS_BETWEEN_SERVICE_KILLS))
  return Array.from({ length: kills }, (_, index) => (index + 0.15) / kills)
}

/**
 * Which service is killed next: of those that may be killed now, one that was killed the least often. A publisher goes
 * first, and is left alone while the gap after a node's death is measured: its own death would be measured instead.
 */
export function nextVictim(
  killed: Readonly<Partial<Record<ServiceName, number>>>,
  allowed: readonly ServiceName[],
  random: () => number,
): ServiceName | null {
  const times = (name: ServiceName): number => killed[name] ?? 0
  const fewest = Math.min(...allowed.map(times))
  const candidates = allowed.filter((name) => times(name) === fewest)
  if (fewest === 0 && candidates.includes('orders')) return 'orders'
  return candidates[Math.floor(random() * candidates.length)] ?? null
}
