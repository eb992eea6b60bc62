import { isWrittenNumber, parseJson } from './json-text.ts'

/** What stands in the place of a value that is not shown. */
export const MASKED = '•••'

/**
 * Hides values of JSON by where they are: `customer.email`, `items.*.price` (`*` is one name or place in a list), `**.cardNumber`
 * (`**` is any number of them). Names are compared without regard to case: a rule that is meant to hide is not to fail by that.
 */
export class Mask {
  readonly #rules: readonly (readonly string[])[]

  constructor(rules: readonly string[]) {
    this.#rules = rules.map((rule) => rule.toLowerCase().split('.'))
  }

  /** The text as it is where no rule matches: numbers of any length keep their digits. What is not JSON is hidden as a whole. */
  text(text: string): string {
    if (this.#rules.length === 0) return text
    let value: unknown
    try {
      value = parseJson(text)
    } catch {
      return MASKED
    }
    const masked = this.#value(value, [])
    return masked.isChanged ? JSON.stringify(masked.value) : text
  }

  #value(value: unknown, path: readonly string[]): { readonly value: unknown; readonly isChanged: boolean } {
    if (path.length > 0 && this.#rules.some((rule) => matches(rule, path))) return { value: MASKED, isChanged: true }
    if (typeof value !== 'object' || value === null || isWrittenNumber(value)) return { value, isChanged: false }
    let isChanged = false
    const inner = (key: string, child: unknown): unknown => {
      const masked = this.#value(child, [...path, key.toLowerCase()])
      isChanged ||= masked.isChanged
      return masked.value
    }
    const result = Array.isArray(value)
      ? value.map((child, index) => inner(String(index), child))
      : Object.fromEntries(Object.entries(value).map(([key, child]) => [key, inner(key, child)]))
    return { value: result, isChanged }
  }
}

function matches(rule: readonly string[], path: readonly string[]): boolean {
  const [first, ...rest] = rule
  if (first === undefined) return path.length === 0
  if (first === '**') return matches(rest, path) || (path.length > 0 && matches(rule, path.slice(1)))
  const [name] = path
  return name !== undefined && (first === '*' || first === name) && matches(rest, path.slice(1))
}
