const WIDTH = 20

/** `[████████░░░░░░░░░░░░]` for 40. */
export function bar(percent: number): string {
  const filled = Math.floor((percent * WIDTH) / 100)
  return `[${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}]`
}

/** Whole per cent; 0 of what is not counted yet. */
export function percentOf(done: number, total: number): number {
  return total === 0 ? 0 : Math.min(100, Math.floor((done * 100) / total))
}
