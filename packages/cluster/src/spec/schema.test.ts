import { readFile } from 'node:fs/promises'
import { format } from 'prettier'
import { expect, test } from 'vitest'
import { isObject } from '../resources/value.ts'
import { specReference } from './reference.ts'
import { specJsonSchema } from './schema.ts'

test('the schema that is published with the package is that of the code', async () => {
  const published: unknown = JSON.parse(
    await readFile(new URL('../../schema/warren.schema.json', import.meta.url), 'utf8'),
  )
  // Else: node --conditions=@warren/source scripts/write-spec-schema.ts
  expect(published).toEqual(JSON.parse(JSON.stringify(specJsonSchema())))
})

test('knows the sections of vhosts, and the keys of policies', () => {
  const text = JSON.stringify(specJsonSchema())
  for (const name of ['queues', 'operatorPolicies', 'ha-mode', 'delivery-limit', 'federationUpstreams']) {
    expect(text).toContain(`"${name}"`)
  }
})

test('the reference page is that of the schema', async () => {
  const published = await readFile(new URL('../../../../docs/spec-reference.md', import.meta.url), 'utf8')
  // Else: node --conditions=@warren/source scripts/write-spec-schema.ts
  expect(published).toBe(await format(specReference(), { parser: 'markdown', printWidth: 140 }))
})

test('every field says what it is', () => {
  expect(undescribed('', specJsonSchema())).toEqual([])
})

function undescribed(path: string, schema: unknown): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap((each: unknown) => undescribed(path, each))
  if (!isObject(schema)) return []
  const { properties, items, additionalProperties, anyOf, oneOf } = schema
  const fields = Object.entries(isObject(properties) ? properties : {}).flatMap(([name, field]) => [
    ...(isObject(field) && typeof field['description'] === 'string' ? [] : [`${path}.${name}`]),
    ...undescribed(`${path}.${name}`, field),
  ])
  return [...fields, ...[items, additionalProperties, anyOf, oneOf].flatMap((part) => undescribed(`${path}.*`, part))]
}
