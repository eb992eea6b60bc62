import { adopt, readSnapshot } from '@warren/cluster'
import type { Command } from 'commander'
import { Option } from 'commander'
import { sessionOf } from '../../session.ts'
import { collected } from '../../options.ts'
import { clientOf } from '../plan/target.ts'
import { writeSpec } from './write.ts'

interface InitOptions {
  readonly from: readonly string[]
  readonly out?: string
}

export function addSpecInit(parent: Command): void {
  parent
    .command('init')
    .summary('write a spec from a running broker')
    .description(
      'Writes what a broker has as a spec whose plan is empty. Passwords and their hashes stay where they are: users come without, which leaves theirs alone, and a password in a URL becomes a variable.',
    )
    .addOption(
      new Option('--from <url>', 'a management listener of the broker; repeatable')
        .argParser(collected)
        .makeOptionMandatory(),
    )
    .option('--out <file>', 'a new file (default: stdout)')
    .addHelpText('after', '\nExample:\n  $ warren spec init --from http://n1:15672 --out warren.yaml')
    .action(run)
}

async function run(options: InitOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { yaml, variables } = adopt(await readSnapshot(clientOf(session, options.from)))
  await writeSpec(session, yaml, options.out, { variables })
  if (variables.length > 0) session.output.note(`passwords of URLs are now variables; set ${variables.join(', ')}`)
}
