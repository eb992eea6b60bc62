import { matches } from '../catalog/pattern.ts'
import { uuidTime } from '../envelope/uuid.ts'
import type { EventSelection, MissingEvent } from '../store/contract/reconciliation.ts'
import type { Watch } from '../store/contract/watch.ts'

/**
 * What watches say of missing events of these names: `held` are not resent unless a person asks, `wanted` are also where the service
 * resends nothing by itself. What is in both is held: whoever holds something back knows why, and a resend by hand stays possible.
 */
export function selectionsOf(
  watches: readonly Watch[],
  names: readonly string[],
): { readonly held: readonly EventSelection[]; readonly wanted: readonly EventSelection[] } {
  const of = (compensation: 'auto' | 'off'): readonly EventSelection[] =>
    watches.filter((watch) => watch.compensation === compensation).map((watch) => selectionOf(watch, names))
  return { held: of('off'), wanted: of('auto') }
}

function selectionOf({ patterns, fromMs, toMs, entityIds }: Watch, names: readonly string[]): EventSelection {
  return {
    names: names.filter((name) => patterns.some((pattern) => matches(pattern, name))),
    published: { ...(fromMs === null ? {} : { fromMs }), ...(toMs === null ? {} : { toMs }) },
    entityIds,
  }
}

/** The watch because of which a missing event is not resent; null when nothing holds it back, or a person has asked for it. */
export function heldBy(
  watches: readonly Watch[],
  missing: Pick<MissingEvent, 'id' | 'name' | 'state' | 'requestedMs'>,
  entityId: string,
): string | null {
  if (missing.state !== 'missing' || missing.requestedMs !== null) return null
  const timeMs = uuidTime(missing.id)?.getTime() ?? 0
  const holding = watches.find(
    ({ compensation, patterns, fromMs, toMs, entityIds }) =>
      compensation === 'off' &&
      patterns.some((pattern) => matches(pattern, missing.name)) &&
      timeMs >= (fromMs ?? 0) &&
      timeMs < (toMs ?? Infinity) &&
      (entityIds.length === 0 || entityIds.includes(entityId)),
  )
  return holding?.name ?? null
}
