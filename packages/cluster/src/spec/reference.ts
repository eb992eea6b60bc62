import { type PolicyKey, policyKeys } from '../resources/policy-keys.ts'
import { isObject } from '../resources/value.ts'
import { type JsonSchema, specJsonSchema } from './schema.ts'

/** Every section and field of a spec as one page of Markdown, made from the schema that checks specs. Pure. */
export function specReference(): string {
  const schema = specJsonSchema()
  const parts = [...sectionsOf('the file', schema)].map(
    ({ path, fields }) => `## ${path}\n\n${tableOf(['field', 'value', 'what it is'], fields)}`,
  )
  return `${[head, ...parts, policyKeysPart(schema)].join('\n\n')}\n`
}

const head = `# Reference of warren.yaml

Made from the schema that checks specs: \`warren spec schema --markdown\`. \`*\` stands for a name that you choose. What each section is for is in
[the cluster as code](cluster-as-code.md).`

interface Section {
  readonly path: string
  readonly fields: readonly (readonly string[])[]
}

/** This place, then those below it that have fields of their own. */
function* sectionsOf(path: string, schema: JsonSchema): Iterable<Section> {
  const fields = fieldsOf(schema)
  // Their keys have a table with more columns.
  if (path.endsWith('.definition')) return
  if (fields.size > 0) {
    yield {
      path: path === 'the file' ? path : `\`${path}\``,
      fields: [...fields].map(([name, field]) => row(name, field)),
    }
  }
  const prefix = path === 'the file' ? '' : `${path}.`
  for (const [name, field] of fields) yield* sectionsOf(prefix + name, field)
  for (const each of alternatives(schema)) {
    if (isObject(each['additionalProperties'])) yield* sectionsOf(`${prefix}*`, each['additionalProperties'])
    if (isObject(each['items'])) yield* sectionsOf(`${path}[]`, each['items'])
  }
}

function row(name: string, { isRequired, ...schema }: Field): readonly string[] {
  const { description = '' } = schema
  return [`\`${name}\`${isRequired ? ' (required)' : ''}`, valueOf(schema), String(description)]
}

type Field = JsonSchema & { readonly isRequired: boolean }

/** The fields of an object, or of each that it may be one of. */
function fieldsOf(schema: JsonSchema): ReadonlyMap<string, Field> {
  const objects = alternatives(schema).filter(({ properties }) => isObject(properties))
  const fields = new Map<string, Field>()
  for (const { properties } of objects) {
    for (const [name, field] of Object.entries(isObject(properties) ? properties : {})) {
      const isRequired = objects.every(({ required }) => Array.isArray(required) && required.includes(name))
      if (isObject(field)) fields.set(name, { ...field, isRequired })
    }
  }
  return fields
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  const { anyOf, oneOf } = schema
  const more = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : []))
  return more.length === 0 ? [schema] : more.flatMap(alternatives)
}

/** What may stand there, in a few words. */
function valueOf(schema: JsonSchema): string {
  return [...new Set(alternatives(schema).map(oneValueOf))].join(' or ')
}

function oneValueOf(schema: JsonSchema): string {
  const { type, const: only, enum: values, items, properties, additionalProperties, minimum, maximum } = schema
  if (only !== undefined) return code(only)
  if (Array.isArray(values)) return values.map(code).join(', ')
  if (type === 'array') return isObject(items) ? `a list: ${valueOf(items)}` : 'a list'
  if (isObject(properties)) {
    const names = Object.keys(properties)
    return names.length > 3 ? 'an object' : `{ ${names.map(code).join(', ')} }`
  }
  if (isObject(additionalProperties)) return 'by name'
  if (type === 'integer') return `a whole number${rangeOf(schema, minimum, maximum)}`
  return typeof type === 'string' ? (words[type] ?? type) : 'anything'
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  boolean: '`true`, `false`',
  object: 'an object',
}

function rangeOf({ exclusiveMinimum }: JsonSchema, minimum: unknown, maximum: unknown): string {
  const from = typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : minimum
  const isUnbounded = maximum === Number.MAX_SAFE_INTEGER
  if (from === Number.MIN_SAFE_INTEGER || typeof from !== 'number') return ''
  return isUnbounded ? ` from ${from}` : ` from ${from} to ${String(maximum)}`
}

function policyKeysPart(schema: JsonSchema): string {
  const schemas = policyKeySchemas(schema)
  const rows = Object.entries(policyKeys).map(([key, about]) => [
    code(key),
    valueOf(schemas[key] ?? {}),
    about.description,
    about.scope,
    typesOf(about),
    versionsOf(about),
    operatorOf(about),
  ])
  const columns = ['key', 'value', 'what it is', 'scope', 'queue types', 'RabbitMQ', 'in operator policies']
  return `## Keys of policies

In \`definition\` of \`policies\` and \`operatorPolicies\`. One key that a queue's type does not know makes the broker skip the whole policy for it.

${tableOf(columns, rows)}`
}

/** The schemas of the keys as the JSON Schema has them. */
function policyKeySchemas(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  const policy = ['vhosts', '*', 'policies', '*', 'definition'].reduce<JsonSchema>((here, step) => {
    const below = step === '*' ? here['additionalProperties'] : fieldsOf(here).get(step)
    return isObject(below) ? below : {}
  }, schema)
  return Object.fromEntries(fieldsOf(policy))
}

function typesOf({ scope, unsupportedBy }: PolicyKey): string {
  if (scope !== 'queue' && scope !== 'high availability') return ''
  const types = (['classic', 'quorum', 'stream'] as const).filter((type) => !unsupportedBy.includes(type))
  return types.length === 3 ? 'all' : types.join(', ')
}

function versionsOf({ since, until }: PolicyKey): string {
  return [...(since === undefined ? [] : [`from ${since}`]), ...(until === undefined ? [] : [`before ${until}`])].join(
    ', ',
  )
}

function operatorOf({ operator, operatorSince }: PolicyKey): string {
  if (operator === undefined) return ''
  const how = operator === 'min' ? 'yes, the lower counts' : 'yes, it counts'
  return operatorSince === undefined ? how : `${how}; from ${operatorSince}`
}

function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n')
}

function code(value: unknown): string {
  return `\`${String(value)}\``
}
