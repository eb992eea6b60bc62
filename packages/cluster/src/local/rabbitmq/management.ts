import { ClusterError } from '../../errors.ts'
import type { Credentials } from './record.ts'

export interface ManagementRequest {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Sent as JSON. */
  readonly body?: unknown
  readonly timeoutMs?: number
}

/**
 * Asks the management API of one node and returns the parsed answer, undefined when it has no body.
 * Throws MANAGEMENT_FAILED with `details.status` (undefined when the node did not answer at all).
 */
export async function askManagement<T>(
  baseUrl: string,
  credentials: Credentials,
  path: string,
  request: ManagementRequest = {},
): Promise<T> {
  const { method = 'GET', body, timeoutMs = 5000 } = request
  const url = `${baseUrl}/api/${path.replace(/^\//, '')}`
  const authorization = `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
  let status: number
  let text: string
  try {
    const response = await fetch(url, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    status = response.status
    text = await response.text()
  } catch (error) {
    throw new ClusterError('MANAGEMENT_FAILED', `${method} ${url} got no answer`, { url, method }, error)
  }
  if (status >= 400) {
    throw new ClusterError('MANAGEMENT_FAILED', `${method} ${url} answered ${status}: ${text.slice(0, 500)}`, {
      url,
      method,
      status,
    })
  }
  return (text === '' ? undefined : JSON.parse(text)) as T
}
