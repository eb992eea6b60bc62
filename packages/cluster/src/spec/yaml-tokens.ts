import { CST, Lexer } from 'yaml'

/** A token that is not mere layout. */
export interface YamlToken {
  readonly type: CST.TokenType
  readonly source: string
  /** Both from 0. */
  readonly line: number
  readonly column: number
  readonly isFirstOnLine: boolean
}

/** Thrown by whoever reads tokens, when they are none that it knows for sure. */
export class NotPlain extends Error {}

/**
 * The tokens of a YAML text, one at a time, without spaces, comments and line ends: those are in the columns and lines. It
 * keeps none of them, so that a text of any length takes no more memory than its longest token. Throws NotPlain for tabs, and
 * comments that touch what is before them.
 */
export class YamlTokens {
  /** The one that is next; undefined at the end. */
  next: YamlToken | undefined
  readonly #lexemes: Generator<string, void>
  #line = 0
  #column = 0
  #isAtLineStart = true
  #isAfterSpace = true

  constructor(text: string) {
    this.#lexemes = new Lexer().lex(text)
    this.advance()
  }

  isAtEnd(): boolean {
    return this.next === undefined
  }

  /** Returns the next token and goes on to the one after it. */
  take(): YamlToken | undefined {
    const token = this.next
    this.advance()
    return token
  }

  advance(): void {
    for (;;) {
      const source = this.#lexemes.next().value
      if (source === undefined) {
        this.next = undefined
        return
      }
      const type = CST.tokenType(source)
      if (type === 'newline') {
        this.#line += 1
        this.#column = 0
        this.#isAtLineStart = this.#isAfterSpace = true
      } else if (type === 'space') {
        if (source.includes('\t')) throw new NotPlain()
        this.#column += source.length
        this.#isAfterSpace = true
      } else if (type === 'comment') {
        if (!this.#isAfterSpace) throw new NotPlain()
        this.#column += source.length
      } else if (type === 'doc-mode') {
        // Nothing of the text: the lexer says that a document begins.
      } else {
        this.next = this.#token(type, source)
        return
      }
    }
  }

  #token(type: CST.TokenType | null, source: string): YamlToken {
    // The lexer announces a plain scalar, and hands it over as the next one.
    const text = type === 'scalar' ? this.#lexemes.next().value : source
    if (type === null || typeof text !== 'string') throw new NotPlain()
    const [line, column, isFirstOnLine] = [this.#line, this.#column, this.#isAtLineStart]
    this.#column += text.length
    this.#isAtLineStart = this.#isAfterSpace = false
    return { type, source: text, line, column, isFirstOnLine }
  }
}
