import { Secret } from './secret.ts'

/** What stands in the place of a secret. */
export const REDACTED = '***'

/** Fields of the management API, of definitions and of specs whose value is a secret, whatever it looks like. */
const secretFields =
  /^(password|password_hash|passwordHash|hash|passphrase|cookie|erlang_cookie|secret|authorization)$/i

/**
 * The text without the passwords of the URLs in it, whether they are well-formed or not: everything between the scheme
 * and the last `@` goes, but for a user name. Passwords in a query (`?password=…`) go too.
 */
export function redactText(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'`<>]*)@/gi, (_, scheme: string, login: string) => {
      const user = /^([\w.%~-]*)(:|$)/.exec(login)
      if (user === null) return `${scheme}${REDACTED}@`
      return `${scheme}${user[1] ?? ''}${user[2] === ':' ? `:${REDACTED}` : ''}@`
    })
    .replace(/([?&](?:password|sslpassword)=)[^&\s"'`]*/gi, `$1${REDACTED}`)
}

/**
 * A copy in which every secret is `***`: values of fields that hold one, `Secret`s, and the passwords of the URLs in any
 * text. Everything that leaves this package for a person, a log or a file goes through here.
 */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value)
  if (value instanceof Secret) return REDACTED
  if (Array.isArray(value)) return value.map(redact)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, holdsSecret(key, item) ? REDACTED : redact(item)]),
  )
}

function holdsSecret(key: string, value: unknown): boolean {
  return secretFields.test(key) && typeof value === 'string' && value !== ''
}
