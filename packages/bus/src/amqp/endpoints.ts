import { WarrenError } from '../errors.ts'

export interface Credentials {
  readonly username: string
  readonly password: string
}

/**
 * Where a broker node listens and as whom to log in. However it is printed or serialised, it never shows the password:
 * inspect() and JSON.stringify() do not see private fields.
 */
export class Endpoint {
  readonly isTls: boolean
  readonly host: string
  readonly port: number
  readonly vhost: string
  readonly username: string
  readonly #password: string

  constructor(parts: { isTls: boolean; host: string; port: number; vhost: string } & Credentials) {
    this.isTls = parts.isTls
    this.host = parts.host
    this.port = parts.port
    this.vhost = parts.vhost
    this.username = parts.username
    this.#password = parts.password
  }

  /** For logs and messages: `rabbit-1:5672`. */
  get label(): string {
    return `${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`
  }

  /** The only way to the password. */
  get credentials(): Credentials {
    return { username: this.username, password: this.#password }
  }

  toString(): string {
    const protocol = this.isTls ? 'amqps' : 'amqp'
    return `${protocol}://${encodeURIComponent(this.username)}@${this.label}/${encodeURIComponent(this.vhost)}`
  }

  toJSON(): string {
    return this.toString()
  }
}

/**
 * Reads `amqp://user:password@host:5672/vhost` and `amqps://…`. Defaults: port 5672 or 5671, vhost `/`, user and password
 * `guest`; `credentials` are for URLs that name no user. Throws ENDPOINT_INVALID.
 */
export function parseEndpoints(urls: readonly string[], credentials?: Credentials): readonly Endpoint[] {
  if (urls.length === 0)
    throw new WarrenError('ENDPOINT_INVALID', 'at least one endpoint is needed, such as amqp://localhost')
  return urls.map((url) => parseEndpoint(url, credentials))
}

function parseEndpoint(text: string, credentials: Credentials | undefined): Endpoint {
  const invalid = (why: string): WarrenError =>
    new WarrenError('ENDPOINT_INVALID', `endpoint "${redact(text)}" ${why}`, { endpoint: redact(text) })
  // A password with a `/`, `?` or `#` in it is the usual reason why it cannot be parsed.
  if (!URL.canParse(text)) throw invalid('is not a URL; special characters of the password must be percent-encoded')
  const url = new URL(text)
  if (url.protocol !== 'amqp:' && url.protocol !== 'amqps:') throw invalid('does not begin with amqp:// or amqps://')
  if (url.hostname === '') throw invalid('names no host')
  if (url.search !== '' || url.hash !== '')
    throw invalid('has a query or a fragment; set heartbeat, TLS and the like as options')
  try {
    const isTls = url.protocol === 'amqps:'
    const path = decodeURIComponent(url.pathname.slice(1))
    const hasUser = url.username !== '' || url.password !== ''
    const own = hasUser
      ? { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
      : (credentials ?? { username: 'guest', password: 'guest' })
    return new Endpoint({
      isTls,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isTls ? 5671 : 5672) : Number(url.port),
      vhost: path === '' ? '/' : path,
      ...own,
    })
  } catch (error) {
    if (error instanceof URIError) throw invalid('holds a "%" that is not percent-encoded as "%25"')
    throw error
  }
}

/** The text without what stands between the scheme and the last `@`, whether it is a well-formed URL or not. */
export function redact(text: string): string {
  return text.replace(/^(\w+:\/\/)?.*@/s, '$1***@')
}
