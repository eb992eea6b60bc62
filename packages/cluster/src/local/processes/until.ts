import { setTimeout as delay } from 'node:timers/promises'

/**
 * Asks again every `intervalMs` (100) until the answer is neither undefined nor false; undefined after `timeoutMs`.
 * For what sends no signal of its own: another process's end, a port that opens.
 */
export async function until<T>(
  ask: () => Promise<T | undefined | false>,
  timeoutMs: number,
  intervalMs = 100,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() >= deadline) return undefined
    await delay(intervalMs)
  }
}
