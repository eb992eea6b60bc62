import { specJsonSchema, specReference } from '@warren/cluster'
import type { Command } from 'commander'
import { sessionOf } from '../../session.ts'

export function addSpecSchema(parent: Command): void {
  parent
    .command('schema')
    .summary('what a spec may hold, for editors and readers')
    .description(
      'Prints the JSON Schema of warren.yaml. The package @warren/cluster has it as schema/warren.schema.json, too. With --markdown, the same as a page to read.',
    )
    .option('--markdown', 'a page to read instead')
    .addHelpText('after', '\nExample:\n  $ warren spec schema > warren.schema.json')
    .action(run)
}

function run({ markdown = false }: { readonly markdown?: boolean }, command: Command): void {
  const schema = specJsonSchema()
  sessionOf(command).output.result(schema, () => (markdown ? specReference() : JSON.stringify(schema, null, 2)))
}
