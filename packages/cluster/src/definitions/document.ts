import { ClusterError } from '../errors.ts'
import { isObject, type Value } from '../resources/value.ts'

/** A file of definitions as it is: sections of objects, and keys that no version we know has. */
export type DefinitionsDocument = Value

/** What makes an object of a section the same one, in every version. A binding is all of its fields. */
export const identities: Readonly<Record<string, readonly string[]>> = {
  users: ['name'],
  vhosts: ['name'],
  permissions: ['user', 'vhost'],
  topic_permissions: ['user', 'vhost', 'exchange'],
  parameters: ['vhost', 'component', 'name'],
  global_parameters: ['name'],
  policies: ['vhost', 'name'],
  queues: ['vhost', 'name'],
  exchanges: ['vhost', 'name'],
  bindings: ['vhost', 'source', 'destination_type', 'destination', 'routing_key', 'arguments'],
}

/** No broker writes more than ten; what walks through definitions calls itself once for each. */
const MOST_LEVELS = 64

/** Whether more lists and objects are within each other. Without calling itself: that is what it is there to prevent. */
function isDeeperThan(most: number, value: unknown): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > most) return true
    level = level.flatMap((item): unknown[] => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
  return false
}

/** Reads the text of a file of definitions. Throws DEFINITIONS_INVALID; its message has nothing of the content. */
export function parseDefinitions(text: string, file: string): DefinitionsDocument {
  let parsed: unknown
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    // The message of the parser quotes the text, which may hold a password hash.
    throw invalid(file, 'is not JSON; definitions come from "warren definitions export" or GET /api/definitions')
  }
  if (isDeeperThan(MOST_LEVELS, parsed)) throw invalid(file, `has values within values, more than ${MOST_LEVELS} deep`)
  if (!isObject(parsed)) throw invalid(file, 'is JSON, but no object of sections such as "users" and "queues"')
  if (!Object.keys(parsed).some((key) => Object.hasOwn(identities, key))) {
    throw invalid(file, `has none of the sections of definitions (${Object.keys(identities).join(', ')})`)
  }
  for (const [section, fields] of Object.entries(identities)) checkSection(file, section, fields, parsed[section])
  return parsed
}

/** The objects of a section; none where it is missing. */
export function itemsOf(document: DefinitionsDocument, section: string): readonly Value[] {
  const items = document[section]
  return Array.isArray(items) ? items.filter(isObject) : []
}

/** The text of a field; empty where there is none. */
export function textOf(item: Value, field: string): string {
  const value = item[field]
  return typeof value === 'string' ? value : ''
}

/** The same text for values that mean the same: fields sorted at every depth. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))) : item,
  )
}

function checkSection(file: string, section: string, fields: readonly string[], items: unknown): void {
  if (items === undefined) return
  if (!Array.isArray(items)) throw invalid(file, `has "${section}" that is no list`)
  const seen = new Set<string>()
  for (const [index, item] of items.entries()) {
    const where = `"${section}" whose item ${index + 1}`
    if (!isObject(item)) throw invalid(file, `has ${where} is no object`)
    // Exports of one vhost leave the vhost out; 3.8 and others leave empty arguments out.
    const missing = fields.find((field) => !['vhost', 'arguments'].includes(field) && typeof item[field] !== 'string')
    if (missing !== undefined) throw invalid(file, `has ${where} has no "${missing}"`)
    const id = canonical(fields.map((field) => item[field] ?? null))
    if (seen.has(id)) throw invalid(file, `has ${where} is there twice; a broker would let the last one win`)
    seen.add(id)
  }
}

function invalid(file: string, what: string): ClusterError {
  return new ClusterError('DEFINITIONS_INVALID', `${file} ${what}`, { file })
}
