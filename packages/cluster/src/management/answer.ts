import { ClusterError, type ClusterErrorCode } from '../errors.ts'
import { redactText } from '../redaction/redact.ts'

export interface AnsweredRequest {
  readonly method: string
  /** Without user name and password. */
  readonly url: string
  readonly status: number
  readonly text: string
}

/** The error that an answer with status 400 or more (or a redirect) is. Pure. */
export function errorOf({ method, url, status, text }: AnsweredRequest): ClusterError {
  const reason = redactText(reasonIn(text))
  const what = redactText(`${method} ${url}`)
  const { code, hint } = meaningOf(status)
  return new ClusterError(code, `${what} answered ${status}${reason === '' ? '' : `: ${reason}`}${hint}`, {
    method,
    url: redactText(url),
    status,
    reason,
  })
}

function meaningOf(status: number): { readonly code: ClusterErrorCode; readonly hint: string } {
  switch (status) {
    case 401:
      return { code: 'MANAGEMENT_REFUSED', hint: '; check the user, its password and its tags' }
    case 403:
      return { code: 'MANAGEMENT_REFUSED', hint: '; the user lacks a tag or a permission for this' }
    case 404:
      return { code: 'MANAGEMENT_NOT_FOUND', hint: '' }
    case 405:
      return {
        code: 'MANAGEMENT_FORBIDDEN_OPERATION',
        hint: '; the operator of this broker does not allow it over HTTP',
      }
    default:
      return { code: 'MANAGEMENT_FAILED', hint: '' }
  }
}

/** The broker answers with {error, reason}; a proxy in front of it with anything. */
function reasonIn(text: string): string {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    return /<html/i.test(text) ? '' : text.slice(0, 500)
  }
  if (typeof answer !== 'object' || answer === null) return text.slice(0, 500)
  const reason: unknown = Reflect.get(answer, 'reason') ?? Reflect.get(answer, 'error')
  return (typeof reason === 'string' ? reason : JSON.stringify(reason ?? answer)).slice(0, 500)
}
