import type { Language } from './language.tsx'

/** What the reader's language calls it; what it has no word for stands as it is. */
export function named(words: Readonly<Record<string, string>>, key: string): string {
  return words[key] ?? key
}

export function count(value: number, language: Language): string {
  return value.toLocaleString(language)
}

/** With a plus behind it when it was counted no further. */
export function atLeast(value: number, isExact: boolean, language: Language): string {
  return `${count(value, language)}${isExact || value === 0 ? '' : '+'}`
}

/** In the reader's own zone: the time of today, the day as well of another, and the year of another year; `digits` of the second. */
export function moment(iso: string, language: Language, digits?: 3): string {
  const date = new Date(iso)
  const now = new Date()
  const isToday = date.toDateString() === now.toDateString()
  const isThisYear = date.getFullYear() === now.getFullYear()
  return new Intl.DateTimeFormat(language, {
    ...(isToday ? {} : { month: 'short', day: 'numeric' }),
    ...(isThisYear ? {} : { year: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(digits === undefined ? {} : { fractionalSecondDigits: digits }),
  }).format(date)
}

/** The time of day, in the reader's own zone: of a chart, whose days are told by its range. */
export function clock(timeMs: number, hasSeconds = false): string {
  const date = new Date(timeMs)
  const parts = [date.getHours(), date.getMinutes(), ...(hasSeconds ? [date.getSeconds()] : [])]
  return parts.map((part) => String(part).padStart(2, '0')).join(':')
}

/** So many a second. */
export function rate(value: number, language: Language): string {
  return `${value.toLocaleString(language, { maximumFractionDigits: value < 10 ? 2 : 0 })}/s`
}

export function percent(share: number, language: Language): string {
  return share.toLocaleString(language, { style: 'percent', maximumFractionDigits: 2 })
}

/** To the millisecond, with the zone: for the hover. */
export function exactMoment(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(language, {
    dateStyle: 'full',
    timeStyle: 'long',
  })
    .format(new Date(iso))
    .concat(` · ${iso}`)
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
  return `${(ms / 3_600_000).toFixed(1)} h`
}

/** In the units that operators read: 1 GiB is 1024 MiB. */
export function bytes(value: number, language: Language): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let size = value
  let unit = 0
  while (size >= 1_024 && unit < units.length - 1) {
    size /= 1_024
    unit++
  }
  return `${size.toLocaleString(language, { maximumFractionDigits: 1 })} ${units[unit] ?? ''}`
}
