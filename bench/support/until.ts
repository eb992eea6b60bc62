import { setTimeout as delay } from 'node:timers/promises'

export interface UntilOptions {
  readonly timeoutMs: number
  /** Between two looks. Default 50. */
  readonly everyMs?: number
}

/** Looks again and again until there is something other than undefined or false, and returns it. Throws after the time. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs, everyMs = 50 }: UntilOptions,
): Promise<T> {
  const giveUpAtMs = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > giveUpAtMs) throw new Error(`${what}: not within ${timeoutMs / 1000} s`)
    await delay(everyMs)
  }
}
