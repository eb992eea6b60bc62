import type { SQLInputValue } from 'node:sqlite'

/**
 * What SQLite can hold: dates become ISO 8601 text in UTC, booleans 1 and 0, arrays and other objects JSON text (for
 * `json_each($1)`), undefined NULL. Numbers, bigints, text, bytes and null stay.
 */
export function sqliteValue(value: unknown): SQLInputValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
      return value
    case 'boolean':
      return value ? 1 : 0
    case 'undefined':
      return null
    case 'object':
      if (value === null) return null
      if (ArrayBuffer.isView(value)) return value as NodeJS.ArrayBufferView
      return value instanceof Date ? value.toISOString() : JSON.stringify(value)
    case 'symbol':
    case 'function':
      throw new TypeError(`a ${typeof value} cannot be stored`)
  }
}

/** `$1`, `$2`, … are named parameters to SQLite. */
export function namedValues(values: readonly unknown[]): Record<string, SQLInputValue> {
  const named: Record<string, SQLInputValue> = {}
  let position = 0
  for (const value of values) named[`$${++position}`] = sqliteValue(value)
  return named
}
