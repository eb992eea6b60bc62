/** Codes of the page's own errors, beside those of the rooms below. */
export const monitorErrorCodes = {
  LOGIN_REQUIRED: 'nobody is logged in, or the session has ended',
  LOGIN_FAILED: 'the token, or the user name and password, are not right',
  LOGIN_UNAVAILABLE: 'this way to log in is not configured, or what checks it does not answer',
  LOGIN_EXPIRED: 'a login at the provider took too long, was used already, or was begun elsewhere',
  LOGIN_CANCELLED: 'the provider, or who was asked there, did not agree to the login',
  ACCESS_DENIED: 'the role of this login does not allow it',
  CSRF_FAILED: 'a change was asked for from another page, or without the token of the session',
  REQUEST_INVALID: 'the request asks for something that makes no sense',
  NOT_FOUND: 'there is no such thing',
  PAYLOAD_MASKED: 'values of the payload are hidden by a rule, so that it cannot be changed',
  PAYLOAD_CHANGED: 'somebody else has changed the payload meanwhile',
  TOO_MANY_REQUESTS: 'this was asked for too often',
  MONITOR_UNSAFE: 'the page would be open to others than this machine, without a login or without TLS',
  OPTION_INVALID: 'an option of the page has a value that cannot be used',
  ACTION_UNLOGGED: 'nothing was done, since nothing could note who does it',
  ACTION_RUNNING: 'nothing was done, since the same goes on already',
  INTERNAL: 'the page itself has failed',
} as const

export type MonitorErrorCode = keyof typeof monitorErrorCodes

/** An error that a request ends with: `status` is that of the answer. */
export class MonitorError extends Error {
  readonly code: MonitorErrorCode
  readonly status: number

  constructor(code: MonitorErrorCode, status: number, message: string) {
    super(message)
    this.name = 'MonitorError'
    this.code = code
    this.status = status
  }
}
