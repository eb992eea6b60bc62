// Of ECMAScript since 2025, in Node from 22 on; the compiler's library does not know them yet, and an older browser has none.
interface RawJson {
  readonly rawJSON?: (text: string) => object
  readonly isRawJSON?: (value: unknown) => boolean
}
const raw = JSON as unknown as RawJson

/** False in a browser that cannot: there parseJson() would round long numbers. */
export const keepsDigits: boolean = raw.rawJSON !== undefined

/** Numbers as they are written, with every digit: JSON.stringify() writes them so again. Throws a SyntaxError. */
export function parseJson(text: string): unknown {
  const { rawJSON } = raw
  if (rawJSON === undefined) return JSON.parse(text)
  return JSON.parse(text, ((_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? rawJSON(context.source) : value) as (
    key: string,
    value: unknown,
  ) => unknown)
}

/** A number that parseJson() has kept as it was written. */
export function isWrittenNumber(value: unknown): boolean {
  return raw.isRawJSON?.(value) === true
}
