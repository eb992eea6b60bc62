import { setTimeout as delay } from 'node:timers/promises'

/** Polls until it is so. Throws with what was waited for after the time. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  { timeoutMs, everyMs = 50 }: { readonly timeoutMs: number; readonly everyMs?: number },
): Promise<void> {
  const giveUpAtMs = performance.now() + timeoutMs
  while (!(await isSo())) {
    if (performance.now() > giveUpAtMs) throw new Error(`${what}: not within ${timeoutMs / 1000} s`)
    await delay(everyMs)
  }
}
