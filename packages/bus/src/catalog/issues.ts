import type { StandardSchemaV1 } from '@standard-schema/spec'

/** One thing that is wrong with a payload, and where. Never holds a value of the payload. */
export interface Issue {
  /** Keys from the payload's top; empty for the payload itself. */
  readonly path: readonly PropertyKey[]
  readonly message: string
}

const MAX_LISTED = 5

/** `data.items[2].sku: expected string; data.total: too small` */
export function describeIssues(issues: readonly Issue[]): string {
  const listed = issues.slice(0, MAX_LISTED).map(({ path, message }) => `${formatPath(path)}: ${message}`)
  const more = issues.length - listed.length
  return listed.join('; ') + (more > 0 ? `; and ${more} more` : '')
}

/** `data.items[2]["odd key"]` */
export function formatPath(path: readonly PropertyKey[]): string {
  let text = 'data'
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (typeof key === 'string' && /^[A-Za-z_$][\w$]*$/.test(key)) text += `.${key}`
    else text += `[${typeof key === 'string' ? JSON.stringify(key) : String(key)}]`
  }
  return text
}

/** A schema's own issues in our form, with every value of the payload that its messages quote replaced by `…`. */
export function fromSchema(issues: readonly StandardSchemaV1.Issue[], payload: unknown): readonly Issue[] {
  return issues.map((issue) => {
    const path = (issue.path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment))
    return { path, message: withoutValues(issue.message, valueAt(payload, path)) }
  })
}

function valueAt(payload: unknown, path: readonly PropertyKey[]): unknown {
  let value = payload
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = Reflect.get(value, key)
  }
  return value
}

/**
 * Some libraries quote what they received (valibot: `received 4111…`), and messages end up in logs and in the failure
 * table, where card numbers and addresses have no place.
 */
function withoutValues(message: string, value: unknown): string {
  const quoted = [...leaves(value)].sort((a, b) => b.length - a.length)
  return quoted.reduce((text, leaf) => text.replace(wholeText(leaf), '…'), message)
}

const MAX_VISITED = 1000

/** The strings and numbers at or under a value, as a message would write them. */
function leaves(value: unknown): ReadonlySet<string> {
  const found = new Set<string>()
  const open: unknown[] = [value]
  for (let visited = 0; open.length > 0 && visited < MAX_VISITED; visited++) {
    const next = open.pop()
    if (typeof next === 'string' && next !== '') found.add(next).add(JSON.stringify(next).slice(1, -1))
    else if (typeof next === 'number' || typeof next === 'bigint') found.add(String(next))
    else if (typeof next === 'object' && next !== null)
      open.push(...Object.values<unknown>({ ...next }).slice(0, MAX_VISITED))
  }
  return found
}

/** The text as it stands alone: the 1 of "received 1", not that of "at most 10". */
function wholeText(text: string): RegExp {
  const escaped = text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  return new RegExp(`(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])`, 'g')
}
