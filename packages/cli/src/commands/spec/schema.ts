import { specJsonSchema } from '@warren/cluster'
import type { Command } from 'commander'
import { sessionOf } from '../../session.ts'

export function addSpecSchema(parent: Command): void {
  parent
    .command('schema')
    .summary('the JSON Schema of specs, for editors')
    .description(
      'Prints the JSON Schema of warren.yaml. The package @warren/cluster has it as schema/warren.schema.json, too.',
    )
    .addHelpText('after', '\nExample:\n  $ warren spec schema > warren.schema.json')
    .action(run)
}

function run(_: unknown, command: Command): void {
  const schema = specJsonSchema()
  sessionOf(command).output.result(schema, () => JSON.stringify(schema, null, 2))
}
