/** Where the page is mounted, with a slash at the end: the document's base says it. */
export const base: string = new URL(document.baseURI).pathname

/** The server's answer to what it could not or would not do. */
export class ApiError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
  }
}

let csrfToken: string | null = null

/** Of the session; sent with every change. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token
}

export function get<Reply>(path: string): Promise<Reply> {
  return request<Reply>('GET', path)
}

export function post<Reply>(path: string, body: unknown): Promise<Reply> {
  return request<Reply>('POST', path, body)
}

export function remove<Reply>(path: string): Promise<Reply> {
  return request<Reply>('DELETE', path)
}

/** Throws an ApiError; code `UNREACHABLE` when the server does not answer at all. */
async function request<Reply>(method: string, path: string, body?: unknown): Promise<Reply> {
  let response: Response
  try {
    response = await fetch(`${base}api/${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(csrfToken === null || method === 'GET' ? {} : { 'x-warren-csrf': csrfToken }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch {
    throw new ApiError('UNREACHABLE', 0, 'the server does not answer')
  }
  const document: unknown = await response.json().catch(() => null)
  if (response.ok) return document as Reply
  const error = (document as { error?: { code?: string; message?: string } } | null)?.error
  throw new ApiError(error?.code ?? 'INTERNAL', response.status, error?.message ?? response.statusText)
}
