import { CST, Schema, type ScalarTag } from 'yaml'
import { NotPlain, type YamlToken, YamlTokens } from './yaml-tokens.ts'

/** Implicit keys may have 1,024 characters; those near it are for the whole parser to judge. */
const MAX_KEY_LENGTH = 1_000

/**
 * Reads YAML that is written as nearly every spec is: maps and lists, in blocks or in braces, of scalars on one line each.
 * Undefined for everything else, whether it is wrong or only rarer (anchors, tags, texts of several lines, several documents):
 * then the whole parser has the word. What is read is what that one reads.
 *
 * It is here for the size of specs: of 10,000 queues and 20,000 bindings the tree that the whole parser makes, with a
 * position for each node, takes 300 MB and ten times as long. The tokens, and what a scalar means, are the parser's own.
 */
export function readPlainYaml(text: string): { readonly value: unknown } | undefined {
  // A line end to YAML, though not to everybody who counts lines.
  if (/\r(?!\n)/.test(text)) return undefined
  try {
    return { value: new PlainReader(text).read() }
  } catch (error) {
    if (error instanceof NotPlain) return undefined
    throw error
  }
}

/** Where a block node stands: below a line of this indentation; a list may stand at that of its key. */
interface Place {
  readonly indent: number
  readonly after: 'start' | 'key' | 'dash'
  readonly line: number
}

class PlainReader {
  readonly #tokens: YamlTokens

  constructor(text: string) {
    this.#tokens = new YamlTokens(text)
  }

  read(): unknown {
    const start = this.#tokens.next
    if (start?.type === 'doc-start') {
      this.#tokens.advance()
      if (this.#tokens.next?.isFirstOnLine !== true) throw new NotPlain()
    }
    if (this.#tokens.isAtEnd()) throw new NotPlain()
    const value = this.#block({ indent: -1, after: 'start', line: -1 })
    if (!this.#tokens.isAtEnd()) throw new NotPlain()
    return value
  }

  #block(place: Place): unknown {
    const token = this.#tokens.next
    if (token === undefined) return null
    const isInline = token.line === place.line
    if (!isInline) {
      const isListOfKey = place.after === 'key' && token.type === 'seq-item-ind' && token.column === place.indent
      if (token.column <= place.indent && !isListOfKey) return null
    }
    const mayNest = !isInline || place.after === 'dash'
    if (token.type === 'seq-item-ind') return mayNest ? this.#blockList(token.column) : notPlain()
    const isFlow = token.type === 'flow-map-start' || token.type === 'flow-seq-start'
    if (isFlow) return this.#flow()
    const first = this.#scalarToken()
    if (this.#tokens.next?.type !== 'map-value-ind') return valueOf(first)
    return mayNest ? this.#blockMap(first) : notPlain()
  }

  #blockList(column: number): unknown[] {
    const items: unknown[] = []
    for (let dash = this.#tokens.next; dash !== undefined; dash = this.#tokens.next) {
      if (items.length > 0 && (dash.column !== column || dash.type !== 'seq-item-ind')) {
        // Less is the end of the list; so is, at the same column, the next key of the map that it belongs to.
        if (dash.column > column || !dash.isFirstOnLine) throw new NotPlain()
        break
      }
      this.#tokens.advance()
      items.push(this.#block({ indent: column, after: 'dash', line: dash.line }))
    }
    return items
  }

  #blockMap(first: YamlToken): unknown {
    const map: Record<string, unknown> = {}
    const { column } = first
    for (let key = first; ; key = this.#scalarToken()) {
      const colon = this.#tokens.take()
      if (colon?.type !== 'map-value-ind' || colon.line !== key.line) throw new NotPlain()
      const name = newKey(map, key)
      map[name] = this.#block({ indent: column, after: 'key', line: colon.line })
      const next = this.#tokens.next
      if (next === undefined || next.column < column) return map
      if (next.column > column || !next.isFirstOnLine) throw new NotPlain()
    }
  }

  #flow(): unknown {
    const open = this.#tokens.take()
    if (open?.type === 'flow-map-start') return this.#flowMap()
    return open?.type === 'flow-seq-start' ? this.#flowList() : valueOf(checkedScalar(open))
  }

  #flowMap(): unknown {
    const map: Record<string, unknown> = {}
    while (this.#tokens.next?.type !== 'flow-map-end') {
      const key = this.#scalarToken()
      const colon = this.#tokens.take()
      if (colon?.type !== 'map-value-ind' || colon.line !== key.line) throw new NotPlain()
      const name = newKey(map, key)
      map[name] = this.#flow()
      this.#comma('flow-map-end')
    }
    this.#tokens.advance()
    return map
  }

  #flowList(): unknown[] {
    const items: unknown[] = []
    while (this.#tokens.next?.type !== 'flow-seq-end') {
      items.push(this.#flow())
      this.#comma('flow-seq-end')
    }
    this.#tokens.advance()
    return items
  }

  #comma(end: CST.TokenType): void {
    if (this.#tokens.next?.type === end) return
    if (this.#tokens.take()?.type !== 'comma') throw new NotPlain()
  }

  #scalarToken(): YamlToken {
    return checkedScalar(this.#tokens.take())
  }
}

function notPlain(): never {
  throw new NotPlain()
}

const scalarTypes: ReadonlySet<CST.TokenType> = new Set(['scalar', 'single-quoted-scalar', 'double-quoted-scalar'])

function checkedScalar(token: YamlToken | undefined): YamlToken {
  if (token === undefined || !scalarTypes.has(token.type) || token.source.includes('\n')) throw new NotPlain()
  return token
}

function newKey(map: Readonly<Record<string, unknown>>, token: YamlToken): string {
  const name = valueOf(token)
  if (typeof name !== 'string' || name === '__proto__' || name === '<<') throw new NotPlain()
  if (token.source.length > MAX_KEY_LENGTH || Object.hasOwn(map, name)) throw new NotPlain()
  return name
}

const tags = new Schema({ schema: 'core' }).tags.filter(
  (tag): tag is ScalarTag & { readonly test: RegExp } =>
    tag.default === true && tag.collection === undefined && tag.test !== undefined,
)

/** A plain scalar means what the first tag that knows its form makes of it. */
function valueOf({ type, source }: YamlToken): unknown {
  // The scalar types are those that checkedScalar() lets through.
  const token = { type: type as CST.FlowScalar['type'], offset: 0, indent: 0, source }
  const text = CST.resolveAsScalar(token, true, notPlain).value
  if (type !== 'scalar') return text
  const found = tags.find(({ test }) => test.test(text))?.resolve(text, notPlain, {})
  return found === undefined ? text : typeof found === 'object' && found !== null ? Reflect.get(found, 'value') : found
}
