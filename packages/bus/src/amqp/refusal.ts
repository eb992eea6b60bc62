import { WarrenError } from '../errors.ts'
import type { Endpoint } from './endpoints.ts'
import { textOf } from './reply.ts'

/** Why a connection could not be opened. */
export type ConnectFailure =
  /** The same settings will be refused again: a person must act. */
  | { readonly kind: 'refused'; readonly error: WarrenError }
  /** Nobody there, too slow, or going down: another try may succeed. */
  | { readonly kind: 'unreachable'; readonly endpoint: Endpoint; readonly reason: string }

// amqplib reports what ends the handshake as text alone. Login refused: 'Handshake terminated by server: 403 (ACCESS-REFUSED)
// with message "…"'. Vhost unknown, not permitted or at its connection limit (530): 'Expected ConnectionOpenOk; got
// <ConnectionClose channel:0>', without the broker's words.
const LOGIN_REFUSED = /^Handshake terminated by server: 403 /
const OPEN_REFUSED = /^Expected ConnectionOpenOk; got <ConnectionClose/

/** Reads what amqplib's connect() rejected with. */
export function classifyConnectError(error: unknown, endpoint: Endpoint): ConnectFailure {
  const message = error instanceof Error ? error.message : String(error)
  const details = { endpoint: endpoint.label, username: endpoint.username, vhost: endpoint.vhost }
  if (error instanceof WarrenError) return { kind: 'refused', error }
  if (LOGIN_REFUSED.test(message)) {
    const text = `${endpoint.label} refused the user "${endpoint.username}": ${textOf(error)} Check the user name and the password`
    return { kind: 'refused', error: new WarrenError('ACCESS_REFUSED', text, details) }
  }
  if (OPEN_REFUSED.test(message)) {
    const text = `${endpoint.label} did not open the vhost "${endpoint.vhost}" for the user "${endpoint.username}": it does not exist, the user has no permissions on it, or a connection limit is reached`
    return { kind: 'refused', error: new WarrenError('ACCESS_REFUSED', text, details) }
  }
  if (endpoint.isTls && isTlsError(error)) {
    const text = `TLS with ${endpoint.label} failed: ${message}; check the options ca, cert, key and servername`
    return {
      kind: 'refused',
      error: new WarrenError('TLS_FAILED', text, { ...details, tlsCode: codeOf(error) }, error),
    }
  }
  return { kind: 'unreachable', endpoint, reason: message === '' ? (codeOf(error) ?? 'no reason given') : message }
}

/** One error for a round in which every endpoint failed: the first refusal, else CONNECTION_REFUSED with what was tried. */
export function roundError(failures: readonly ConnectFailure[]): WarrenError {
  for (const failure of failures) if (failure.kind === 'refused') return failure.error
  const tried = failures.flatMap((failure) =>
    failure.kind === 'unreachable' ? [`${failure.endpoint.label} (${failure.reason})`] : [],
  )
  return new WarrenError('CONNECTION_REFUSED', `no endpoint could be reached: ${tried.join(', ')}`, { tried })
}

/** X.509 and OpenSSL codes; what remains are those of the network (ECONNREFUSED, ETIMEDOUT, ENOTFOUND …). */
function isTlsError(error: unknown): boolean {
  const code = codeOf(error)
  if (code === null) return false
  return /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|EPROTO)/.test(
    code,
  )
}

function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : null
}
