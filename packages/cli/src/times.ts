const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** A point in time as a person writes it: `90s`, `30m`, `2h`, `7d`, `1w` before `now`, or ISO 8601; else undefined. */
export function parseTime(text: string, now: Date): Date | undefined {
  const periodMs = parsePeriodMs(text)
  if (periodMs !== undefined) return existing(new Date(now.getTime() - periodMs))
  // Date takes much more than ISO, and reads `1` as the year 2001.
  if (!/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/.test(text)) return undefined
  return existing(new Date(text))
}

/** A length of time as a person writes it: `90s`, `30m`, `2h`, `7d`, `1w`; else undefined. */
export function parsePeriodMs(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text) ?? []
  return amount === undefined ? undefined : Number(amount) * (unitsMs[unit ?? ''] ?? NaN)
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

/** `12 ms`, `3.4 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`: two units at most, for people. */
export function showDuration(durationMs: number): string {
  const ms = Math.max(0, durationMs)
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const
  const first = units.findIndex(([, unitMs]) => ms >= unitMs)
  const [[major, majorMs], [minor, minorMs]] = [units[first] ?? units[3], units[first + 1] ?? units[3]]
  const rest = Math.floor((ms % majorMs) / minorMs)
  return `${Math.floor(ms / majorMs)} ${major}${rest === 0 ? '' : ` ${rest} ${minor}`}`
}
