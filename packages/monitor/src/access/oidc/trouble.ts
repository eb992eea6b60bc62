import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client'
import { MonitorError } from '../../errors.ts'

/** What went wrong, in words that hold no token, no code and nothing that the provider was free to write. */
export interface Trouble {
  readonly code: 'LOGIN_UNAVAILABLE' | 'LOGIN_CANCELLED' | 'LOGIN_FAILED'
  readonly reason: string
}

/** Errors of the library carry whole answers in their `cause`, with tokens in them: only codes are taken over. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof AuthorizationResponseError) {
    const { error: said } = error
    const isBusy = said === 'temporarily_unavailable' || said === 'server_error'
    const code = said === 'access_denied' ? 'LOGIN_CANCELLED' : isBusy ? 'LOGIN_UNAVAILABLE' : 'LOGIN_FAILED'
    return { code, reason: `the provider answered ${word(said)}` }
  }
  if (error instanceof ResponseBodyError) {
    const code = error.status >= 500 ? 'LOGIN_UNAVAILABLE' : 'LOGIN_FAILED'
    return { code, reason: `the provider answered ${word(error.error)} with status ${error.status}` }
  }
  if (error instanceof ClientError) {
    const status = error.cause instanceof Response ? error.cause.status : null
    const isAway = error.code === 'OAUTH_TIMEOUT' || (status !== null && status >= 500)
    const detail = status === null ? innermost(error) : `status ${status}`
    return { code: isAway ? 'LOGIN_UNAVAILABLE' : 'LOGIN_FAILED', reason: [word(error.code), detail].join(': ') }
  }
  // fetch() throws one of these for whatever it cannot reach, and tells the reason in its cause.
  if (error instanceof TypeError && Reflect.get(error, 'code') === undefined)
    return { code: 'LOGIN_UNAVAILABLE', reason: `it cannot be reached: ${word(codeOf(error.cause))}` }
  return { code: 'LOGIN_FAILED', reason: word(codeOf(error)) }
}

const statuses = { LOGIN_UNAVAILABLE: 503, LOGIN_CANCELLED: 403, LOGIN_FAILED: 401 } as const

export function loginError({ code, reason }: Trouble): MonitorError {
  return new MonitorError(code, statuses[code], reason)
}

/** The library's own message: a fixed text, which tells a wrong signature from a wrong audience. */
function innermost(error: ClientError): string {
  const { cause } = error
  return cause instanceof Error && cause.name === 'OperationProcessingError' ? cause.message : error.message
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
}

/** Something that can stand in a log as it is. */
function word(value: unknown): string {
  return typeof value === 'string' && /^[\w.-]{1,60}$/.test(value) ? value : 'something unexpected'
}
