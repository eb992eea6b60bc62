import { ClusterError } from '../errors.ts'
import { redactUrl } from '../redaction/redact.ts'
import { Secret } from '../redaction/secret.ts'

export interface ManagementCredentials {
  readonly username: string
  readonly password: string | Secret
}

/** One management listener. `url` has neither user nor password. */
export interface ManagementEndpoint {
  readonly url: string
  readonly authorization: Secret
}

/**
 * Reads management URLs such as `https://n1:15671`; a path (`management.path_prefix`) is kept, a trailing `/api` is not
 * needed. A user and password in the URL win over `credentials`. Throws MANAGEMENT_INVALID; its message has no password.
 */
export function managementEndpoints(
  urls: readonly string[],
  credentials: ManagementCredentials | undefined,
): readonly ManagementEndpoint[] {
  if (urls.length === 0) throw invalid('there is no management endpoint; give at least one, as in http://n1:15672')
  return urls.map((text) => {
    const url = URL.parse(text)
    if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
      throw invalid(`"${redactUrl(text)}" is no management endpoint; it must be like http://n1:15672`)
    }
    const { username, password } = loginOf(url, credentials)
    url.username = ''
    url.password = ''
    url.search = ''
    url.hash = ''
    return {
      url: url.href.replace(/\/(api\/?)?$/, ''),
      authorization: new Secret(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`),
    }
  })
}

function loginOf(url: URL, credentials: ManagementCredentials | undefined): { username: string; password: string } {
  if (url.username !== '') {
    return { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) }
  }
  if (credentials === undefined) {
    throw invalid(
      `there is no user for the management endpoint ${url.origin}; give WARREN_MANAGEMENT_USER and WARREN_MANAGEMENT_PASSWORD, or both in the URL`,
    )
  }
  const { username, password } = credentials
  return { username, password: password instanceof Secret ? password.reveal() : password }
}

function invalid(message: string): ClusterError {
  return new ClusterError('MANAGEMENT_INVALID', message)
}
