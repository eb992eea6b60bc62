import { visible } from './output.ts'

/** Progress on stderr: a line that is drawn anew on a terminal, else a line whenever there is a new one to say. */
export class ProgressReporter {
  readonly #note: (line: string) => void
  readonly #isTerminal = process.stderr.isTTY
  #told = ''
  #isDrawn = false

  constructor(note: (line: string) => void) {
    this.#note = note
  }

  /** `key`: while it stays the same, nothing new is said where there is no terminal. */
  tell(key: string, lineOf: (columns: number) => string): void {
    if (this.#isTerminal) {
      process.stderr.write(`\r\x1b[2K${visible(lineOf(process.stderr.columns))}`)
      this.#isDrawn = true
      return
    }
    if (key !== this.#told) this.#note(lineOf(200))
    this.#told = key
  }

  /** A line of its own beside the progress. */
  note(line: string): void {
    this.end()
    this.#note(line)
  }

  end(): void {
    if (this.#isDrawn) process.stderr.write('\n')
    this.#isDrawn = false
  }
}
