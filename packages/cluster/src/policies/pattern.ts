/**
 * A function that tells whether a policy's pattern matches a name, as the broker does it: not anchored, PCRE. A pattern that
 * JavaScript cannot read matches nothing here; `isReadable` tells.
 */
export function compiledPattern(pattern: string): (name: string) => boolean {
  const expression = expressionOf(pattern)
  if (expression === undefined) return () => false
  return (name) => expression.test(name)
}

/** True when the pattern can be tried here as the broker would. */
export function isReadable(pattern: string): boolean {
  return expressionOf(pattern) !== undefined
}

function expressionOf(pattern: string): RegExp | undefined {
  // PCRE takes flags for the whole pattern at its beginning; JavaScript takes them beside it.
  const [, flags = '', rest = pattern] = /^\(\?([ims]+)\)(.*)$/s.exec(pattern) ?? []
  try {
    return new RegExp(rest, flags)
  } catch {
    return undefined
  }
}
