import { maskPasswords } from './mask.ts'

/**
 * Where a command writes: its result to stdout, and what it says on the way to stderr. With `--json` stdout holds one
 * JSON document and nothing else.
 */
export class Output {
  readonly isJson: boolean

  constructor(options: { readonly isJson: boolean }) {
    this.isJson = options.isJson
  }

  /** The result, for programs and for people. Call it once. */
  result(document: unknown, text: () => string): void {
    const written = this.isJson ? JSON.stringify(document, null, 2) : text()
    if (written !== '') process.stdout.write(`${written}\n`)
  }

  /** A line for people beside the result: progress, hints, what was left out. */
  note(line: string): void {
    process.stderr.write(`${visible(maskPasswords(line))}\n`)
  }
}

/**
 * The text with control characters other than line ends made visible: a payload or an error message comes from others,
 * and must not steer the terminal that it is shown on.
 */
export function visible(text: string): string {
  // Cc: C0, DEL and C1; the ranges turn the direction of writing around.
  return text.replace(/(?!\n)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.charCodeAt(0)
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}
