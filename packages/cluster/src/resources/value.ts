/** What a resource is, as plain data; a field that is undefined is left to the broker. */
export type Value = Readonly<Record<string, unknown>>

/** One difference; `path` is that of the field: `arguments.x-max-length`. Secrets in it are redacted when it is shown. */
export interface Change {
  readonly path: string
  readonly before: unknown
  readonly after: unknown
}

/** True for values that mean the same as JSON; the order of an object's fields means nothing. */
export function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
    return left.every((item, index) => isSame(item, right[index]))
  }
  if (!isObject(left) || !isObject(right)) return false
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => key in right && isSame(left[key], right[key]))
}

/** Field by field, one level into objects, so that a person sees which argument differs. Undefined in `after`: no opinion. */
export function changesBetween(before: object, after: object): readonly Change[] {
  return Object.entries(after).flatMap(([field, wanted]: [string, unknown]) => {
    const found: unknown = Reflect.get(before, field)
    if (wanted === undefined || isSame(found, wanted)) return []
    if (!isObject(wanted) || !isObject(found)) return [{ path: field, before: found, after: wanted }]
    const keys = [...new Set([...Object.keys(found), ...Object.keys(wanted)])].toSorted()
    return keys
      .filter((key) => !isSame(found[key], wanted[key]))
      .map((key) => ({ path: `${field}.${key}`, before: found[key], after: wanted[key] }))
  })
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
