import type { Issue } from './issues.ts'

/**
 * - `exact`: parsing the text gives a value equal to the one given.
 * - `converted`: JSON changed the value in a way the caller asked for (toJSON() as of a Date, a property that is
 *   undefined, an instance of a class), so that a schema must look at what the text says.
 * - `refused`: JSON would change or lose something in silence, or cannot write it at all.
 */
export type JsonText =
  | { readonly kind: 'exact' | 'converted'; readonly text: string }
  | { readonly kind: 'refused'; readonly issues: readonly Issue[] }

/** Deeper than any payload that people design; the walk, schemas and databases recurse. */
const MAX_DEPTH = 500
const MAX_ISSUES = 20

/** Writes a payload as JSON text, if JSON can say it. */
export function toJsonText(value: unknown): JsonText {
  const walk = new JsonWalk()
  walk.visit(value, [])
  if (walk.issues.length > 0) return { kind: 'refused', issues: walk.issues }
  return { kind: walk.isConverted ? 'converted' : 'exact', text: JSON.stringify(value) }
}

class JsonWalk {
  readonly issues: Issue[] = []
  isConverted = false
  readonly #ancestors = new Set<object>()

  visit(value: unknown, path: readonly PropertyKey[]): void {
    if (this.issues.length >= MAX_ISSUES) return
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return
      case 'number':
        if (!Number.isFinite(value)) this.#refuse(path, 'not a finite number, which JSON would turn into null')
        if (Object.is(value, -0)) this.isConverted = true
        return
      case 'undefined':
        this.#refuse(path, 'undefined, which JSON cannot say')
        return
      case 'object':
        if (value !== null) this.#visitObject(value, path)
        return
      case 'bigint':
        if (hasToJson(value)) this.#visitConverted(value, path)
        else this.#refuse(path, 'a bigint, which JSON cannot say; send it as a string')
        return
      case 'function':
      case 'symbol':
        this.#refuse(path, `a ${typeof value}, which JSON would drop`)
    }
  }

  #visitObject(value: object, path: readonly PropertyKey[]): void {
    if (this.#ancestors.has(value)) {
      this.#refuse(path, 'a circular reference')
    } else if (path.length > MAX_DEPTH) {
      this.#refuse([], `nested deeper than ${MAX_DEPTH} levels`)
    } else {
      this.#ancestors.add(value)
      if (hasToJson(value)) this.#visitConverted(value, path)
      else if (Array.isArray(value)) this.#visitItems(value, path)
      else this.#visitProperties(value, path)
      this.#ancestors.delete(value)
    }
  }

  #visitConverted(value: ToJson, path: readonly PropertyKey[]): void {
    this.isConverted = true
    if (value instanceof Date && Number.isNaN(value.getTime())) this.#refuse(path, 'an invalid date')
    else this.visit(value.toJSON(String(path.at(-1) ?? '')), path)
  }

  #visitItems(items: readonly unknown[], path: readonly PropertyKey[]): void {
    // By index: forEach() and the like skip the holes of a sparse array, which JSON turns into null.
    for (let index = 0; index < items.length; index++) this.visit(items[index], [...path, index])
  }

  #visitProperties(value: object, path: readonly PropertyKey[]): void {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) {
      const kind = lossyKind(value)
      if (kind !== null) {
        this.#refuse(path, `a ${kind}, which JSON would not keep`)
        return
      }
      this.isConverted = true
    }
    for (const [key, property] of Object.entries(value)) {
      if (property === undefined) this.isConverted = true
      else this.visit(property, [...path, key])
    }
  }

  #refuse(path: readonly PropertyKey[], message: string): void {
    this.issues.push({ path, message })
  }
}

interface ToJson {
  toJSON(key: string): unknown
}

function hasToJson(value: object | bigint): value is ToJson & (object | bigint) {
  return 'toJSON' in Object(value) && typeof (value as Partial<ToJson>).toJSON === 'function'
}

/** Built-in objects that JSON writes as `{}` or as something that cannot be read back. */
function lossyKind(value: object): string | null {
  if (value instanceof Map) return 'Map'
  if (value instanceof Set) return 'Set'
  if (value instanceof Error) return 'Error'
  if (value instanceof RegExp) return 'RegExp'
  if (value instanceof Promise) return 'Promise'
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return 'binary value'
  return null
}
