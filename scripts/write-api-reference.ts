import { writeFileSync } from 'node:fs'
import { readApiReference } from '../test/support/docs/api.ts'

// Writes docs/api.md from what the page says of itself: node --conditions=@warren/source scripts/write-api-reference.ts
writeFileSync(new URL('../docs/api.md', import.meta.url), await readApiReference())
