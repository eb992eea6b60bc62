import { REDACTED } from './redact.ts'

/** As a whole, as or before the host of a URL, as its password, in its query. Three asterisks elsewhere are a text like any other. */
const places = [':', '/', '='].map((before) => before + REDACTED)

/** True for a value with a secret in it that was masked, at any depth. */
export function isMasked(value: unknown): boolean {
  if (typeof value === 'string') return value === REDACTED || places.some((place) => value.includes(place))
  return typeof value === 'object' && value !== null && Object.values(value).some(isMasked)
}
