import type { ReactNode } from 'react'
import { keepsDigits, parseJson } from '../../../src/json-text.ts'

/** Indented, with every digit of its numbers; as it is when it is not JSON. */
export function indented(text: string): string {
  if (!keepsDigits) return text
  try {
    return JSON.stringify(parseJson(text), null, 2)
  } catch {
    return text
  }
}

/** Without the space that people need, with every digit of its numbers; as it is when it is not JSON. */
export function compacted(text: string): string {
  if (!keepsDigits) return text
  try {
    return JSON.stringify(parseJson(text))
  } catch {
    return text
  }
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|\b(true|false|null)\b/g

/** JSON in colours. All of it is text: nothing in it is ever run. */
export function Json({ text, label }: { readonly text: string; readonly label: string }): ReactNode {
  const source = indented(text)
  const parts: ReactNode[] = []
  let end = 0
  for (const match of source.matchAll(TOKEN)) {
    const [whole, quoted, colon, number] = match
    parts.push(source.slice(end, match.index))
    const look =
      quoted === undefined ? (number === undefined ? 'word' : 'digits') : colon === undefined ? 'text' : 'name'
    parts.push(
      <span key={match.index} className={look}>
        {quoted ?? whole}
      </span>,
    )
    if (colon !== undefined) parts.push(colon)
    end = match.index + whole.length
  }
  parts.push(source.slice(end))
  return (
    <pre className="json" tabIndex={0} role="region" aria-label={label}>
      {parts}
    </pre>
  )
}
