const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** A point in time as a person writes it: `90s`, `30m`, `2h`, `7d`, `1w` before `now`, or ISO 8601; else undefined. */
export function parseTime(text: string, now: Date): Date | undefined {
  const relative = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text)
  if (relative !== null) {
    const [, amount, unit] = relative
    return existing(new Date(now.getTime() - Number(amount) * (unitsMs[unit ?? ''] ?? NaN)))
  }
  // Date takes much more than ISO, and reads `1` as the year 2001.
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text)) return undefined
  return existing(new Date(text))
}

function existing(time: Date): Date | undefined {
  return Number.isNaN(time.getTime()) ? undefined : time
}

/** `2026-07-01 12:30:05Z`: seconds are enough for lists, and UTC is the same for all who read them. */
export function showTime(time: Date | null): string {
  return time === null ? '' : `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** `2026-07-01 12:30:05.123Z`: for one message whose steps are milliseconds apart. */
export function showMoment(time: Date | null): string {
  return time === null ? '' : time.toISOString().replace('T', ' ')
}
