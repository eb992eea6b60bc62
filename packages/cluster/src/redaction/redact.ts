import { endsInSecret, isUrl, secretInText, secretOfUrl } from './query.ts'
import { Secret } from './secret.ts'

/** What stands in the place of a secret. */
export const REDACTED = '***'

/** Names of fields and parameters whose value is a secret, whatever it looks like: `password_hash`, `client_secret`, `apiKey`. */
const secretName =
  /^hash$|pass(word|wd|phrase|code)|secret|token|cookie|credential|authorization|(api|access|private)[ ._-]?key/i

/** True for the name of a field, or of a parameter, whose texts are never shown. */
export function isSecretName(name: string): boolean {
  return secretName.test(name)
}

/** A URL in a text. An apostrophe ends none: a password has it as it is. */
const login = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s"`<>]*)@([^\s"`<>]*)/gi

/**
 * The text without the passwords of the URLs in it, whether they are well-formed or not: everything between the scheme
 * and the last `@` goes, but for a user name. Passwords in a query (`?password=…`) go too.
 */
export function redactText(text: string): string {
  return withoutLogins(text).replace(secretInText, `$1${REDACTED}`)
}

/** The same for a text that was meant as one URL and may be none: without its scheme, with spaces in the password. */
export function redactUrl(text: string): string {
  const isWellFormed = /^[a-z][a-z0-9+.-]*:\/\/[^\s"`<>]*$/i.test(text)
  const shown = isWellFormed
    ? withoutLogins(text)
    : text.replace(
        /^([a-z][a-z0-9+.-]*:\/\/)?(.*)@(.*)$/is,
        (_, scheme: string | undefined, both: string, rest: string) =>
          `${scheme ?? ''}${REDACTED}${afterLogin(both, rest)}`,
      )
  return shown.replace(secretOfUrl, `$1${REDACTED}`)
}

function withoutLogins(text: string): string {
  return text.replace(login, (_, scheme: string, both: string, rest: string) => {
    const user = /^([\w.%~-]*)(:|$)/.exec(both)
    const shown = user === null ? REDACTED : `${user[1] ?? ''}${user[2] === ':' ? `:${REDACTED}` : ''}`
    return `${scheme}${shown}${afterLogin(both, rest)}`
  })
}

/** An `@` may be one of a password in a query, of which there is more then. */
function afterLogin(both: string, rest: string): string {
  return endsInSecret(both) ? rest.replace(/^[^&]*/, '') : `@${rest}`
}

/**
 * A copy in which every secret is `***`: values of fields and parameters whose name says that they hold one, `Secret`s, and the
 * passwords of the URLs in any text. Everything that leaves this package for a person, a log or a file goes through here.
 */
export function redact(value: unknown): unknown {
  return masked(value, false)
}

/** `isSecret`: a name above says that every text in it is one. */
function masked(value: unknown, isSecret: boolean): unknown {
  if (typeof value === 'string') {
    if (isSecret && value !== '') return REDACTED
    return isUrl(value) ? redactUrl(value) : redactText(value)
  }
  if (value instanceof Secret) return REDACTED
  if (Array.isArray(value)) return value.map((item) => masked(item, isSecret))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const named = secretsOfName(value)
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      // A name that has an object behind it says where the secret is: `password: { env: NAME }`.
      const isOwn = isSecretName(key) && (typeof item === 'string' || Array.isArray(item))
      // What has changed may be told, as long as nobody is told from what and to what.
      const isPath = key === 'path' && 'before' in value
      return [key, masked(item, !isPath && (isSecret || isOwn || named.has(key)))]
    }),
  )
}

/** Fields that hold a secret because of what another field says. */
function secretsOfName(value: object): ReadonlySet<string> {
  const text = (field: string): string => {
    const found: unknown = Reflect.get(value, field)
    return typeof found === 'string' ? found : ''
  }
  // One change of a plan or a comparison: the name is at the end of the path.
  const isSecretChange = isSecretName(text('path').split('.').at(-1) ?? '')
  // A parameter, and the changes of one. Objects that only have such a name (`qu.password.reset`) have no "value".
  const isSecretParameter = isSecretName(text('name'))
  const isParameter =
    text('kind') === 'global-parameter' || ['parameters', 'global_parameters'].includes(text('section'))
  return new Set([
    ...(isSecretChange ? ['before', 'after'] : []),
    ...(isSecretParameter ? ['value'] : []),
    ...(isSecretParameter && isParameter ? ['changes'] : []),
  ])
}
