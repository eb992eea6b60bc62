import { specJsonSchema } from '@warren/cluster'
import { writeFileSync } from 'node:fs'

// Publishes the schema of warren.yaml with the package: node --conditions=@warren/source scripts/write-spec-schema.ts
const file = new URL('../packages/cluster/schema/warren.schema.json', import.meta.url)
writeFileSync(file, `${JSON.stringify(specJsonSchema(), null, 2)}\n`)
