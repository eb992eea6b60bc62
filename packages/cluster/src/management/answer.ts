import { ClusterError, type ClusterErrorCode } from '../errors.ts'
import { redactText } from '../redaction/redact.ts'
import { withoutSent } from '../redaction/sent.ts'

const MAX_LENGTH = 500

export interface AnsweredRequest {
  readonly method: string
  /** Without user name and password. */
  readonly url: string
  readonly status: number
  readonly text: string
  /** The body of the request, whose secrets the answer may quote. */
  readonly sent: unknown
}

/** The error that an answer with status 400 or more (or a redirect) is. Pure. */
export function errorOf({ method, url, status, text, sent }: AnsweredRequest): ClusterError {
  // Cut short last: of half a secret nobody can tell that it is one.
  const reason = redactText(reasonIn(text, (quoted) => withoutSent(quoted, sent))).slice(0, MAX_LENGTH)
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

/** The broker answers with {error, reason}; a proxy in front of it with anything. `shown` is for texts as they are meant. */
function reasonIn(text: string, shown: (text: string) => string): string {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    return /<html/i.test(text) ? '' : shown(text)
  }
  if (typeof answer !== 'object' || answer === null) return shown(text)
  const reason: unknown = Reflect.get(answer, 'reason') ?? Reflect.get(answer, 'error')
  if (typeof reason === 'string') return shown(reason)
  // Before it is JSON, which escapes; and after it, for the names of fields.
  return shown(
    JSON.stringify(reason ?? answer, (_, item: unknown) => (typeof item === 'string' ? redactText(shown(item)) : item)),
  )
}
