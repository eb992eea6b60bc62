/**
 * The statement with `?` in place of `$1`, `$2`, …, for libraries that know no other placeholder, and the values in the
 * order in which they are used. A `?` that is there already, an operator of PostgreSQL's JSON, is escaped as `\?`.
 *
 * It does not read SQL: a `$1` inside a literal is taken for a placeholder.
 */
export function withQuestionMarks(
  text: string,
  values: readonly unknown[] = [],
): { readonly text: string; readonly values: readonly unknown[] } {
  const used: unknown[] = []
  const rewritten = text.replaceAll(/\?|\$(\d+)/g, (placeholder, digits: string | undefined) => {
    if (placeholder === '?') return '\\?'
    used.push(values[Number(digits) - 1])
    return '?'
  })
  return { text: rewritten, values: used }
}
