/** A fenced block of a page, with what stands behind its language: ```` ```sh run variant=postgres ````. */
export interface Block {
  /** `run` is true, `variant=postgres` is text. */
  readonly marks: Readonly<Record<string, string | true>>
  readonly text: string
  /** In the page, for messages. */
  readonly line: number
}

export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(/^```\w+([^\n]*)\n(.*?)^```$/gms)].map((match) => ({
    marks: marksIn(match[1] ?? ''),
    text: match[2] ?? '',
    line: page.slice(0, match.index).split('\n').length,
  }))
}

function marksIn(text: string): Readonly<Record<string, string | true>> {
  const words = text.split(' ').filter((word) => word !== '')
  return Object.fromEntries(words.map((word) => [word.split('=', 1)[0] ?? '', word.split('=')[1] ?? true]))
}
