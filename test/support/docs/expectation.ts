/** What differs from run to run and is one thing on the page and another in reality: ids, fingerprints, addresses. */
const TOKEN = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{12}\b|127\.0\.0\.1:\d+/
const TIME = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?Z/

/** What the page says ↔ what is. The first time that a token of the page is met it takes the value that is in its place. */
export class Tokens {
  readonly #real = new Map<string, string>()

  /** A command of the page as it has to be typed here. */
  inCommand(text: string): string {
    return text.replace(new RegExp(TOKEN, 'g'), (token) => this.#real.get(token) ?? token)
  }

  /** The tokens in this text have changed their values: a service that was started again listens elsewhere. */
  forget(text: string): void {
    for (const [token] of text.matchAll(new RegExp(TOKEN, 'g'))) this.#real.delete(token)
  }

  /**
   * Finds the expected text in what was printed, as whole lines, and returns what follows it; null when it is not there.
   * Times are any time, `…` is anything, blanks count once.
   */
  find(expected: string, printed: string, options: { readonly isAll: boolean }): string | null {
    const unknown: string[] = []
    const pattern = [...normalized(expected).matchAll(new RegExp(`${TOKEN.source}|${TIME.source}|…|[^]`, 'g'))]
      .map(([part]) => {
        if (part === '…') return '[^]*?'
        if (TIME.test(part)) return TIME.source
        if (!TOKEN.test(part)) return escaped(part)
        const real = this.#real.get(part)
        if (real !== undefined) return escaped(real)
        const seen = unknown.indexOf(part)
        return seen === -1 ? `(${TOKEN.source})`.replace('', () => (unknown.push(part), '')) : `\\${seen + 1}`
      })
      .join('')
    const text = normalized(printed)
    const match = new RegExp(options.isAll ? `^${pattern}$` : `(?<=^|\n)${pattern}(?=\n|$)`).exec(text)
    if (match === null) return null
    for (const [index, token] of unknown.entries()) this.#real.set(token, match[index + 1] ?? '')
    return text.slice(match.index + match[0].length)
  }
}

function normalized(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .join('\n')
    .trim()
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
