import { WarrenError } from '../errors.ts'

/**
 * Runs `work` with a signal that is aborted when it takes longer than `timeoutMs`; then it rejects with
 * HANDLER_TIMEOUT without waiting for `work`, whose own result is ignored from there on.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T> | T,
): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new WarrenError('HANDLER_TIMEOUT', `${what} took longer than ${timeoutMs} ms`, { timeoutMs })
      controller.abort(error)
      reject(error)
    }, timeoutMs)
  })
  try {
    return await Promise.race([Promise.resolve(work(controller.signal)), deadline])
  } finally {
    clearTimeout(timer)
  }
}
