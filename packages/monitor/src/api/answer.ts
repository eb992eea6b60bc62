import { isWarrenError } from '@warren/bus'
import { isClusterError, isManagementError } from '@warren/cluster'
import type { ClusterErrorCode } from '@warren/cluster'
import { MonitorError } from '../errors.ts'

export interface Answer {
  readonly status: number
  readonly body: { readonly error: { readonly code: string; readonly message: string } }
}

const clusterStatuses: Partial<Record<ClusterErrorCode, number>> = {
  MANAGEMENT_NOT_FOUND: 404,
  QUEUE_UNKNOWN: 404,
  PLAN_STALE: 409,
  IMPORT_BLOCKED: 409,
  IMPORT_INCOMPLETE: 502,
}

/** What a reader is told of an error. One that nobody has foreseen tells nothing of itself. */
export function answerOf(error: unknown): Answer {
  if (error instanceof MonitorError) return answer(error.status, error.code, error.message)
  if (isClusterError(error)) {
    const status = clusterStatuses[error.code] ?? (isManagementError(error) ? 503 : 400)
    return answer(status, error.code, error.message)
  }
  if (isWarrenError(error)) return answer(error.code.startsWith('STORE_') ? 503 : 400, error.code, error.message)
  const status = statusOf(error)
  if (status === 429) return answer(429, 'TOO_MANY_REQUESTS', 'this was asked for too often; wait a minute')
  if (status !== null && status >= 400 && status < 500)
    return answer(status, 'REQUEST_INVALID', error instanceof Error ? error.message : 'the request makes no sense')
  return answer(500, 'INTERNAL', 'the page has failed here; its log says why')
}

function answer(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } }
}

/** Fastify's own, and its plugins', have one. */
function statusOf(error: unknown): number | null {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : null
  return typeof status === 'number' ? status : null
}
