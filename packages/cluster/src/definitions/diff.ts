import { isMasked } from '../redaction/masked.ts'
import { redact, REDACTED } from '../redaction/redact.ts'
import { type Change, isObject, isSame, type Value } from '../resources/value.ts'
import { canonical, type DefinitionsDocument, identities } from './document.ts'

/** One object, or one key of the file, that is not the same in both. */
export interface Difference {
  readonly kind: 'added' | 'removed' | 'changed'
  readonly section: string
  /** Those fields of the object that make it what it is; empty for a key that is no list. */
  readonly identity: Value
  /** Field by field, one level into objects. Values are as in the files: redact them before they are shown. */
  readonly changes: readonly Change[]
}

/** Where a file comes from, which is not what is in the broker. */
const origins = new Set([
  'rabbit_version',
  'rabbitmq_version',
  'product_name',
  'product_version',
  'rabbitmq_definition_format',
  'original_cluster_name',
  'original_vhost_name',
  'explanation',
])

/**
 * What is different in `b`, as a broker understands it: the order of objects, fields and tags means nothing, nor does the
 * version that wrote the file, and a secret that one of them has masked is not compared. Keys and sections that are not known are compared as they are.
 */
export function diffDefinitions(a: DefinitionsDocument, b: DefinitionsDocument): readonly Difference[] {
  const sections = new Set([...Object.keys(identities), ...Object.keys(a), ...Object.keys(b)])
  return [...sections].filter((section) => !origins.has(section)).flatMap((section) => diffSection(section, a, b))
}

function diffSection(section: string, a: DefinitionsDocument, b: DefinitionsDocument): readonly Difference[] {
  const [before, after] = [a[section], b[section]]
  const isList = [before, after].every((value) => value === undefined || Array.isArray(value))
  if (!isList) {
    const changes = [{ path: section, before, after }]
    return isSame(before, after) ? [] : [{ kind: 'changed', section, identity: {}, changes }]
  }
  const [old, now] = [indexed(section, before), indexed(section, after)]
  const differences: Difference[] = []
  for (const [id, item] of now) {
    const found = old.get(id)
    const identity = identityOf(section, item)
    if (found === undefined) {
      differences.push({ kind: 'added', section, identity, changes: changesIn({}, without(item, identity)) })
      continue
    }
    const changes = changesIn(found, item)
    if (changes.length > 0) differences.push({ kind: 'changed', section, identity, changes })
  }
  for (const [id, item] of old) {
    if (!now.has(id)) differences.push({ kind: 'removed', section, identity: identityOf(section, item), changes: [] })
  }
  return differences
}

function indexed(section: string, items: unknown): ReadonlyMap<string, Value> {
  const list = Array.isArray(items) ? items : []
  const counts = new Map<string, number>()
  return new Map(
    list.map((item: unknown) => {
      const value = isObject(item) ? meaningOf(section, item) : { value: item }
      const id = canonical(identityOf(section, value))
      const count = (counts.get(id) ?? 0) + 1
      counts.set(id, count)
      return [`${id} ${count}`, value] as const
    }),
  )
}

/** Of a section that is not known, an object is its vhost and name where it has a name, else all that it holds. */
function identityOf(section: string, item: Value): Value {
  const fields = identities[section] ?? (typeof item['name'] === 'string' ? ['vhost', 'name'] : Object.keys(item))
  return Object.fromEntries(fields.filter((field) => item[field] !== undefined).map((field) => [field, item[field]]))
}

/** The object with what versions write in different ways written in one. */
function meaningOf(section: string, item: Value): Value {
  const written = section === 'vhosts' ? withMetadata(item) : item
  const entries = Object.entries(written).flatMap(([field, value]): readonly (readonly [string, unknown])[] => {
    // A broker does not read it: x-queue-type alone counts.
    if (section === 'queues' && field === 'type') return []
    if (section === 'queues' && field === 'arguments' && isObject(value)) return [[field, withType(value)]]
    if (field === 'limits' && isEmpty(value)) return []
    if (field !== 'tags') return [[field, value]]
    // "a,b" on older brokers.
    const tags: readonly unknown[] =
      typeof value === 'string' ? value.split(',').map((tag) => tag.trim()) : Array.isArray(value) ? value : [value]
    return [[field, tags.filter((tag) => tag !== '').toSorted()]]
  })
  return { ...defaults[section], ...Object.fromEntries(entries) }
}

/** What some versions leave out of an export. Internal exchanges are in none; 4.3 does not say that the others are not. */
const defaults: Readonly<Record<string, Value>> = {
  queues: { arguments: withType({}) },
  exchanges: { arguments: {}, internal: false },
  bindings: { arguments: {} },
}

const plainVhost = { description: '', tags: [], default_queue_type: 'classic' }

/** 4.0 writes the metadata of a vhost beside it a second time, 3.10 leaves out what is as it always was. */
function withMetadata(vhost: Value): Value {
  const entries = Object.entries(vhost).filter(([field]) => !Object.hasOwn(plainVhost, field))
  const beside = Object.entries(vhost).filter(([field]) => Object.hasOwn(plainVhost, field))
  if (vhost['metadata'] === undefined && beside.length === 0) return vhost
  const within = isObject(vhost['metadata']) ? vhost['metadata'] : {}
  return { ...Object.fromEntries(entries), metadata: { ...plainVhost, ...Object.fromEntries(beside), ...within } }
}

/** Exports of 4.x say of every queue what it is, those of 3.x only where it is not classic. */
function withType(args: Value): Value {
  return 'x-queue-type' in args ? args : { ...args, 'x-queue-type': 'classic' }
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0
}

function changesIn(before: Value, after: Value): readonly Change[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted()
  return fields.flatMap((field) => {
    const [found, wanted] = [before[field], after[field]]
    if (isEqual(field, found, wanted)) return []
    if (!isObject(found) || !isObject(wanted)) return [{ path: field, before: found, after: wanted }]
    const keys = [...new Set([...Object.keys(found), ...Object.keys(wanted)])].toSorted()
    return keys
      .filter((key) => !isEqual(key, found[key], wanted[key]))
      .map((key) => ({ path: `${field}.${key}`, before: found[key], after: wanted[key] }))
  })
}

/** What one file has masked cannot be told from what the other has, masked or not. */
function isEqual(field: string, before: unknown, after: unknown): boolean {
  if (isSame(before, after) || before === REDACTED || after === REDACTED) return true
  // A vhost of which nothing is said.
  if (field === 'metadata' && [before, after].includes(undefined)) return isSame(before ?? after, plainVhost)
  return isMasked([before, after]) && isSame(redact({ [field]: before }), redact({ [field]: after }))
}

function without(item: Value, identity: Value): Value {
  return Object.fromEntries(Object.entries(item).filter(([field]) => !(field in identity)))
}
