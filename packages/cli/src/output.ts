import { redactText } from '@warren/cluster/redaction'

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
    const written = this.isJson ? escaped(JSON.stringify(document, null, 2)) : text()
    if (written !== '') process.stdout.write(`${written}\n`)
  }

  /** A line for people beside the result: progress, hints, what was left out. */
  note(line: string): void {
    process.stderr.write(`${visible(redactText(line))}\n`)
  }

  /** A table beside the result; what it shows has been made visible cell by cell. */
  aside(table: string): void {
    process.stderr.write(`${table}\n`)
  }
}

/** Cc: C0, DEL and C1; the ranges turn the direction of writing around. Line ends are fine. */
const steering = /(?!\n)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu

/**
 * The text with control characters other than line ends made visible: a payload or an error message comes from others,
 * and must not steer the terminal that it is shown on.
 */
export function visible(text: string): string {
  return text.replace(steering, (character) => {
    const code = character.charCodeAt(0)
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}

/** The same JSON document: JSON.stringify() escapes C0 and nothing else. */
function escaped(json: string): string {
  return json.replace(steering, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
