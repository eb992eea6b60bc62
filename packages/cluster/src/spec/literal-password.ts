import { isUrl, secretOfUrl } from '../redaction/query.ts'

/** A URL with a password, before its host or in its query, that is not a variable. */
export function hasLiteralPassword(text: string): boolean {
  if (!isUrl(text)) return false
  const password = /^[^:]*:\/\/[^:/\s]*:(.*)@/.exec(text)?.[1] ?? ''
  return [password, ...[...text.matchAll(secretOfUrl)].map(([, , secret = '']) => secret)].some(
    (secret) => secret !== '' && !/^\$\{\w+\}$/.test(secret),
  )
}
