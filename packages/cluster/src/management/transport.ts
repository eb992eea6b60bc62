import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'

export interface Exchange {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly timeoutMs: number
  readonly tls: ManagementTls | undefined
}

/** For `https:` endpoints. Texts in PEM; without `ca` the machine's own authorities are trusted. */
export interface ManagementTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
}

/**
 * `unanswered`: no complete answer came. `wasSent` says whether the server may have acted all the same: false only when the
 * connection was never made. `wasKept`: the connection was one of an earlier request, which the server may have closed since.
 * `isLate`: the time was up.
 */
export type Reply =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  | {
      readonly kind: 'unanswered'
      readonly wasSent: boolean
      readonly wasKept: boolean
      readonly isLate: boolean
      readonly reason: string
    }

/**
 * One HTTP request and its answer, with one deadline for both. Redirects are not followed: the credentials are meant for
 * that endpoint. Never rejects.
 */
export function exchange({ url, method, headers, body, timeoutMs, tls }: Exchange): Promise<Reply> {
  return new Promise((resolve) => {
    let wasSent = false
    let wasKept = false
    let isLate = false
    const unanswered = (reason: string): void => resolve({ kind: 'unanswered', wasSent, wasKept, isLate, reason })
    const length: Record<string, string> = { 'content-length': String(Buffer.byteLength(body ?? '')) }
    const options = { method, headers: { ...headers, ...(body === undefined ? {} : length) } }
    const onAnswer = (answer: IncomingMessage): void => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', (error) => unanswered(reasonOf(error)))
      answer.on('end', () => {
        resolve({ kind: 'answered', status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') })
      })
    }
    let sent: ClientRequest
    try {
      sent =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, ...tls }, onAnswer)
          : httpRequest(url, options, onAnswer)
    } catch (error) {
      unanswered(reasonOf(error))
      return
    }
    // A kept connection is connected already; then there is no event to wait for.
    sent.once('socket', (socket) => {
      wasSent = wasKept = !socket.connecting
      if (socket.connecting) socket.once('connect', () => (wasSent = true))
    })
    const timer = setTimeout(() => {
      isLate = true
      sent.destroy(new Error(`no answer within ${timeoutMs / 1000} s`))
    }, timeoutMs)
    sent.once('close', () => clearTimeout(timer))
    sent.once('error', (error) => unanswered(reasonOf(error)))
    sent.end(body)
  })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // A name with several addresses fails with an AggregateError that has no message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return first instanceof Error ? first.message : error.message
}
