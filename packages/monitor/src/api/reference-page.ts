/** The parts of an OpenAPI document that a reader needs. */
interface Schema {
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: string | number | boolean
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}

interface Operation {
  readonly summary?: string
  readonly parameters?: readonly {
    readonly in: string
    readonly name: string
    readonly required?: boolean
    readonly description?: string
    readonly schema?: Schema
  }[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >
}

export interface ApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** The document as a page to read: each operation with what it takes, and the fields of what it answers. */
export function apiReference(document: ApiDocument): string {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const keyOf = ({ path, method }: { readonly path: string; readonly method: string }): string => `${path} ${method}`
  const sorted = operations.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return [...INTRODUCTION, ...sorted.flatMap(({ path, method, operation }) => section(method, path, operation))].join(
    '\n',
  )
}

const INTRODUCTION = [
  '# The API of the page',
  '',
  '<!-- Written by "npm run write:api" from the OpenAPI document of the page. -->',
  '',
  'All that [the page](page.md) shows and does. The page itself has the same as OpenAPI 3.1: `/api/openapi.json`.',
  'A program sends its token; how one is made: [who gets in](page.md#who-gets-in).',
  '',
  '```sh',
  'curl --fail --header "Authorization: Bearer $TOKEN" http://127.0.0.1:8472/api/overview',
  '```',
  '',
  'What only reads is open to the role viewer, anything else to operators. Errors are `{ "error": { "code", "message" } }`, with',
  '[these codes](error-codes.md#the-page). Lists have `next`: sent as `before`, it asks for the next page.',
  '',
]

function section(
  method: string,
  path: string,
  { summary, parameters = [], requestBody, responses }: Operation,
): string[] {
  const body = Object.values(requestBody?.content ?? {})[0]?.schema
  const reply = Object.values(responses?.['200']?.content ?? {})[0]?.schema
  const rows = [
    ...parameters.map(({ in: where, name, required, description, schema = {} }) =>
      row(name, where, schema, required === true, description),
    ),
    ...bodyRows(body),
  ]
  return [
    ...[`## ${method} ${path}`, '', `${summary ?? ''}.`, ''],
    ...(rows.length === 0
      ? []
      : ['| what it takes | where | type | meaning |', '| --- | --- | --- | --- |', ...rows, '']),
    ...(reply?.properties === undefined ? [] : [`It answers ${fields(reply)}.`, '']),
  ]
}

function bodyRows(body: Schema | undefined): string[] {
  if (body === undefined) return []
  const kinds = body.anyOf ?? body.oneOf ?? [body]
  return kinds.flatMap(({ properties = {}, required = [] }, index) =>
    Object.entries(properties).map(([name, schema]) =>
      row(
        name,
        kinds.length === 1 ? 'body' : `body, way ${index + 1}`,
        schema,
        required.includes(name),
        schema.description,
      ),
    ),
  )
}

function row(name: string, where: string, schema: Schema, isRequired: boolean, description = ''): string {
  const byDefault = schema.default === undefined ? '' : `Default ${JSON.stringify(schema.default)}.`
  const said = description === '' ? '' : `${description}.`
  const needed = isRequired && schema.default === undefined ? 'Required.' : ''
  const meaning = [said, needed, byDefault].filter((part) => part !== '').join(' ')
  return `| \`${name}\` | ${where} | ${typeOf(schema)} | ${meaning.replaceAll('|', '\\|')} |`
}

function fields({ properties = {} }: Schema): string {
  return Object.entries(properties)
    .map(([name, { items }]) => {
      const inner = Object.keys(items?.properties ?? {})
      return inner.length === 0
        ? `\`${name}\``
        : `\`${name}\`: a list of ${inner.map((key) => `\`${key}\``).join(', ')}`
    })
    .join('; ')
}

function typeOf(schema: Schema): string {
  const { type, format, items, minimum, maximum } = schema
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  const ways = schema.anyOf ?? schema.oneOf
  if (ways !== undefined) return [...new Set(ways.map(typeOf))].join(' or ')
  if (items !== undefined) return `list of ${typeOf(items)}`
  const named = format === 'date-time' ? 'time' : format === 'uuid' ? 'UUID' : [type ?? 'any'].flat().join(' or ')
  const isBounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER
  return isBounded ? `${named}, ${minimum} to ${maximum}` : named
}
