/** What was confirmed, and when. Times are those of performance.now(). */
export class Confirms {
  readonly ids = new Set<string>()
  readonly #atMs: number[] = []

  add(id: string, atMs: number = performance.now()): void {
    this.ids.add(id)
    this.#atMs.push(atMs)
  }

  /**
   * The longest time without a confirm that reaches into this span: it begins with the last confirm before, and what is
   * not over at the end counts as far as it got.
   */
  longestGapMs(fromMs: number, untilMs: number): number {
    let last = this.#atMs.findLast((atMs) => atMs <= fromMs) ?? fromMs
    let longest = 0
    for (const atMs of [...this.#atMs.filter((each) => each > fromMs && each < untilMs), untilMs]) {
      longest = Math.max(longest, atMs - last)
      last = atMs
    }
    return longest
  }
}
