import type { NewWatch } from '@warren/bus'
import { phaseOf } from '@warren/bus/operate'
import type { RaisedAlarm, StoredWatch } from '@warren/bus/operate'
import { showDuration, showTime } from '../../times.ts'

export function showPeriod({ fromMs, toMs }: Pick<NewWatch, 'fromMs' | 'toMs'>): string {
  if (fromMs === null && toMs === null) return 'always'
  const from = fromMs === null ? 'the first event' : showTime(new Date(fromMs))
  return toMs === null ? `since ${from}` : `${from} to ${showTime(new Date(toMs))}`
}

export function showThresholds({ maxMissing, maxParked, maxUnhandledMs }: NewWatch['alarm']): string {
  const thresholds = [
    ...(maxMissing === null ? [] : [`more than ${maxMissing} missing and not resent`]),
    ...(maxParked === null ? [] : [`more than ${maxParked} parked`]),
    ...(maxUnhandledMs === null ? [] : [`one unhandled for more than ${showDuration(maxUnhandledMs)}`]),
  ]
  return thresholds.length === 0 ? 'none' : thresholds.join(', or ')
}

export function showCompensation(compensation: NewWatch['compensation']): string {
  return compensation ?? 'as the service says'
}

export function showAlarm({ kind, subscription, value }: RaisedAlarm): string {
  return {
    missing: `${value} missing at ${subscription}, and not resent`,
    parked: `${value} parked at ${subscription}`,
    unhandled: `${subscription} has not handled one for ${showDuration(value)}`,
  }[kind]
}

/** Times in ISO 8601, as everywhere in documents. */
export function watchDocument(watch: StoredWatch, nowMs: number): object {
  const { name, patterns, entityIds, fromMs, toMs, alarm, compensation, stores } = watch
  return {
    ...{ name, phase: phaseOf(watch, nowMs), patterns, entityIds },
    from: fromMs === null ? null : new Date(fromMs),
    to: toMs === null ? null : new Date(toMs),
    ...{ alarm, compensation, stores },
    createdBy: watch.createdBy,
    createdAt: new Date(watch.createdMs),
    changedBy: watch.changedBy,
    changedAt: new Date(watch.changedMs),
  }
}
