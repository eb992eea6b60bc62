import { setTimeout as delay } from 'node:timers/promises'
import { ROLL_BACK_HEADER, ROLLED_BACK } from './faults.ts'

export interface Request {
  readonly method: 'PUT' | 'POST'
  readonly path: string
  readonly body?: object
}

/** A service that answers requests; its URL may change when it comes back. */
export interface Server {
  readonly url: string | null
}

const TIMEOUT_MS = 30_000
const RETRY_PAUSE_MS = 100
const GIVE_UP_MS = 120_000

/** Sends the request until it is answered: a service that was killed on the way comes back. Throws when it is refused. */
export async function ask(server: Server, request: Request): Promise<void> {
  const { status, text } = await answerTo(server, request, {})
  if (status !== 200) throw new Error(`${request.method} ${request.path} was answered ${status}: ${text}`)
}

/**
 * Asks for all the work of the request and for its roll-back at the end. True when it was rolled back; false when there
 * was nothing to do, and so nothing to roll back.
 */
export async function askToRollBack(server: Server, request: Request): Promise<boolean> {
  const { status, text } = await answerTo(server, request, { [ROLL_BACK_HEADER]: '1' })
  return status === 503 && text.includes(ROLLED_BACK)
}

async function answerTo(
  server: Server,
  { method, path, body = {} }: Request,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  const giveUpAtMs = performance.now() + GIVE_UP_MS
  for (;;) {
    try {
      if (server.url === null) throw new Error('the service has no URL yet')
      const response = await fetch(new URL(path, server.url), {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const text = await response.text()
      const isAnswer = response.status < 500 || text.includes(ROLLED_BACK)
      if (isAnswer) return { status: response.status, text }
      throw new Error(`it answered ${response.status}: ${text}`)
    } catch (error) {
      if (performance.now() > giveUpAtMs) {
        throw new Error(`${method} ${path} was not answered within ${GIVE_UP_MS / 1000} s`, { cause: error })
      }
      await delay(RETRY_PAUSE_MS)
    }
  }
}
