import { parsePattern } from '../catalog/pattern.ts'
import { WarrenError } from '../errors.ts'
import type { NewWatch, Watch, WatchAlarm } from '../store/contract/watch.ts'
import type { NamedStore, StoreRow } from './named-store.ts'
import { readStores } from './named-store.ts'
import { publishingStores } from './publishing-stores.ts'

/** Of a watch that says nothing of it: nothing may be missing that is not resent, and nothing parked. */
export const DEFAULT_WATCH_ALARM: WatchAlarm = { maxMissing: 0, maxParked: 0, maxUnhandledMs: null }

const MOST_NAME_CHARACTERS = 100
const MOST_PATTERNS = 50
const MOST_ENTITIES = 100
const MOST_ENTITY_CHARACTERS = 255
const MOST_COUNT = 1_000_000_000
const YEAR_MS = 366 * 86_400_000

/** A watch, by whichever of several stores have it. */
export interface StoredWatch extends Watch {
  /** Labels of the stores that have it. */
  readonly stores: readonly string[]
}

/** Watches of all stores, by name; where stores differ, as it was changed last. */
export async function readWatches(stores: readonly NamedStore[]): Promise<readonly StoredWatch[]> {
  const rows = await readStores(stores, (store) => store.watches.list())
  const byName = Map.groupBy(rows, ({ name }) => name)
  return [...byName.values()].flatMap(merged).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function merged(rows: readonly StoreRow<Watch>[]): readonly StoredWatch[] {
  const [latest] = rows.toSorted((a, b) => b.changedMs - a.changedMs)
  if (latest === undefined) return []
  const { store: _store, ...watch } = latest
  return [{ ...watch, stores: rows.map(({ store }) => store) }]
}

/** Throws PATTERN_INVALID and WATCH_INVALID, with what to do. */
export function checkWatch({ name, patterns, entityIds, fromMs, toMs, alarm }: NewWatch): void {
  const fail = (problem: string): never => {
    throw new WarrenError('WATCH_INVALID', problem, { watch: name })
  }
  if (name.trim() !== name || name === '' || name.length > MOST_NAME_CHARACTERS)
    fail(`the name of a watch has 1 to ${MOST_NAME_CHARACTERS} characters, and no space in front or behind`)
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) fail('the name of a watch has no control characters')
  if (patterns.length === 0 || patterns.length > MOST_PATTERNS)
    fail(`a watch has 1 to ${MOST_PATTERNS} patterns; "#" is for all events`)
  for (const pattern of patterns) parsePattern(pattern)
  if (entityIds.length > MOST_ENTITIES)
    fail(`a watch has ${MOST_ENTITIES} entity ids at most; without any it is of all`)
  if (entityIds.some((id) => id === '' || id.length > MOST_ENTITY_CHARACTERS))
    fail(`an entity id has 1 to ${MOST_ENTITY_CHARACTERS} characters`)
  if (fromMs !== null && toMs !== null && fromMs >= toMs) fail('the period of the watch ends before it begins')
  const isWithin = (value: number | null, most: number): boolean =>
    value === null || (Number.isInteger(value) && value >= 0 && value <= most)
  if (!isWithin(alarm.maxMissing, MOST_COUNT) || !isWithin(alarm.maxParked, MOST_COUNT))
    fail(`a number that an alarm begins behind is a whole one from 0 to ${MOST_COUNT}`)
  if (!isWithin(alarm.maxUnhandledMs, YEAR_MS)) fail('how long an event may go unhandled is a year at most')
}

/**
 * Saves it in each of the stores that publishes, so that each service whose events it may be about finds it: in all of them while none
 * has published yet. One of the same name is replaced. Throws PATTERN_INVALID and WATCH_INVALID.
 */
export async function saveWatch(
  stores: readonly NamedStore[],
  watch: NewWatch,
  actor: string,
): Promise<{ readonly stores: readonly string[]; readonly isNew: boolean }> {
  checkWatch(watch)
  const chosen = await publishingStores(stores)
  const outcomes: ('added' | 'changed')[] = []
  for (const { store } of chosen) outcomes.push(await store.watches.save(watch, actor))
  return { stores: chosen.map(({ label }) => label), isNew: outcomes.every((outcome) => outcome === 'added') }
}

/** From all stores. Returns the labels of those that had it. */
export async function removeWatch(
  stores: readonly NamedStore[],
  name: string,
  actor: string,
): Promise<readonly string[]> {
  const removed: string[] = []
  for (const { label, store } of stores) if (await store.watches.remove(name, actor)) removed.push(label)
  return removed
}

export type WatchPhase = 'upcoming' | 'running' | 'over'

export function phaseOf({ fromMs, toMs }: Pick<Watch, 'fromMs' | 'toMs'>, nowMs: number): WatchPhase {
  if (fromMs !== null && nowMs < fromMs) return 'upcoming'
  return toMs !== null && nowMs >= toMs ? 'over' : 'running'
}
