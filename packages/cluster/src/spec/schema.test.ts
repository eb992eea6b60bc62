import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
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
