/** What lib.es2024 lacks and Node 22 has. */
declare global {
  interface JSON {
    rawJSON(text: string): unknown
  }
}

/**
 * The value of a JSON text such that JSON.stringify() writes the same numbers again: those that a double cannot hold
 * exactly (`12345678901234567890`, `1.10`) keep their text. Undefined when the text is not JSON.
 */
export function exactJson(text: string): { readonly value: unknown } | undefined {
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? JSON.rawJSON(context.source)
      : value
  try {
    return { value: JSON.parse(text, revive) as unknown }
  } catch {
    return undefined
  }
}

/** The payload as programs want it in a document: its value; the text itself where it is not JSON. */
export function payloadValue(text: string): unknown {
  const parsed = exactJson(text)
  return parsed === undefined ? text : parsed.value
}

/** The payload as people want it: indented; the text itself where it is not JSON. */
export function prettyPayload(text: string): string {
  const parsed = exactJson(text)
  return parsed === undefined ? text : JSON.stringify(parsed.value, null, 2)
}
