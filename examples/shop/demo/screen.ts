import { cellsOf } from './view.ts'

/**
 * Writes lines that stay and a block that is redrawn below them, on a terminal; elsewhere a line now and then instead of
 * the block.
 */
export class Screen {
  readonly #stream: NodeJS.WriteStream
  readonly #lineEveryMs: number
  #block: readonly string[] = []
  #lineAtMs = -Infinity

  constructor(stream: NodeJS.WriteStream, lineEveryMs = 3_000) {
    this.#stream = stream
    this.#lineEveryMs = lineEveryMs
  }

  /** A line that stays. */
  say(line: string): void {
    const block = this.#block
    this.#erase()
    this.#stream.write(`${line}\n`)
    this.#paint(block)
  }

  /** What is so at this moment. */
  show(block: () => readonly string[], line: () => string): void {
    if (this.#stream.isTTY) {
      this.#erase()
      this.#paint(['', ...block()])
      return
    }
    if (performance.now() - this.#lineAtMs < this.#lineEveryMs) return
    this.#lineAtMs = performance.now()
    this.#stream.write(`${line()}\n`)
  }

  /** The block stays as it is; what comes after goes below it. */
  leave(): void {
    this.#block = []
  }

  #paint(block: readonly string[]): void {
    this.#block = block
    for (const line of block) this.#stream.write(`${line}\n`)
  }

  #erase(): void {
    if (this.#block.length === 0) return
    // A line that is longer than the terminal is wide fills several of its rows.
    const width = Math.max(20, this.#stream.columns)
    const rows = this.#block.reduce((sum, line) => sum + Math.max(1, Math.ceil(cellsOf(line) / width)), 0)
    this.#stream.write(`\x1b[${rows}A\x1b[0J`)
    this.#block = []
  }
}
