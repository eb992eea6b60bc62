interface Wake {
  on(listener: () => void): () => void
}

/** Resolves after the time, when `abort` is aborted, or when `wake` is emitted, whichever comes first. */
export function waitMs(ms: number, abort: AbortSignal, wake?: Wake): Promise<void> {
  if (abort.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      abort.removeEventListener('abort', end)
      forget?.()
      resolve()
    }
    const timer = setTimeout(end, ms)
    abort.addEventListener('abort', end, { once: true })
    const forget = wake?.on(end)
  })
}
