/** What `datetime-local` has: in the reader's zone, to the minute. */
export function localTime(iso: string | null | undefined): string {
  if (iso === undefined || iso === null) return ''
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return ''
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** The same the other way round; null for an empty field. */
export function isoOfLocal(local: unknown): string | null {
  if (typeof local !== 'string' || local === '') return null
  const date = new Date(local)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
