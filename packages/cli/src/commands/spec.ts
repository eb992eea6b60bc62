import type { Command } from 'commander'
import { addSpecCheck } from './spec/check.ts'
import { addSpecFromCatalog } from './spec/from-catalog.ts'
import { addSpecInit } from './spec/init.ts'
import { addSpecSchema } from './spec/schema.ts'

export function addSpec(spec: Command): void {
  addSpecCheck(spec)
  addSpecInit(spec)
  addSpecFromCatalog(spec)
  addSpecSchema(spec)
}
