import type { Command } from 'commander'
import { addDefinitionsDiff } from './definitions/diff.ts'
import { addDefinitionsExport } from './definitions/export.ts'
import { addDefinitionsImport } from './definitions/import.ts'
import { addDefinitionsSync } from './definitions/sync.ts'

export function addDefinitions(definitions: Command): void {
  addDefinitionsExport(definitions)
  addDefinitionsDiff(definitions)
  addDefinitionsImport(definitions)
  addDefinitionsSync(definitions)
}
