import { specJsonSchema, specReference } from '@warren/cluster'
import { writeFileSync } from 'node:fs'
import { format } from 'prettier'

// Publishes what a spec may hold, for editors and for readers: node --conditions=@warren/source scripts/write-spec-schema.ts
const schema = new URL('../packages/cluster/schema/warren.schema.json', import.meta.url)
writeFileSync(schema, `${JSON.stringify(specJsonSchema(), null, 2)}\n`)
const reference = new URL('../docs/spec-reference.md', import.meta.url)
writeFileSync(reference, await format(specReference(), { parser: 'markdown', printWidth: 140 }))
