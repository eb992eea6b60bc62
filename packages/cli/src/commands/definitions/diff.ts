import { diffDefinitions, maskedDifference } from '@warren/cluster'
import type { Command } from 'commander'
import { counted } from '../../counted.ts'
import { exitCodes } from '../../exit-codes.ts'
import { sessionOf } from '../../session.ts'
import { showDifference } from './show.ts'
import { definitionsOf } from './source.ts'

export function addDefinitionsDiff(parent: Command): void {
  parent
    .command('diff')
    .summary('what is different in two sets of definitions')
    .description(
      'Compares two files of definitions, or brokers, by what they mean: the order of objects and keys does not count, nor does the version that wrote them. Secrets are compared and masked. Exits 2 when they differ.',
    )
    .argument('<a>', 'a file, or a management listener as in http://n1:15672')
    .argument('<b>', 'likewise')
    .addHelpText('after', '\nExample:\n  $ warren definitions diff before.json http://n1:15672')
    .action(run)
}

async function run(a: string, b: string, _: unknown, command: Command): Promise<void> {
  const session = sessionOf(command)
  const [before, after] = [await definitionsOf(session, a), await definitionsOf(session, b)]
  const differences = diffDefinitions(before, after).map(maskedDifference)
  session.output.result({ isSame: differences.length === 0, differences }, () =>
    differences.length === 0
      ? 'no difference'
      : [...differences.map(showDifference), '', counted(differences.length, 'difference')].join('\n'),
  )
  if (differences.length > 0) process.exitCode = exitCodes.findings
}
