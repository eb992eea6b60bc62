import type { Command } from 'commander'
import { sessionOf } from '../../session.ts'
import { addSpecOptions, specOf, type TargetOptions } from '../plan/target.ts'

export function addSpecCheck(parent: Command): void {
  addSpecOptions(
    parent
      .command('check')
      .summary('whether a spec can be understood')
      .description('Reads a spec and fills in its variables, without a broker and without passwords.'),
  )
    .addHelpText('after', '\nExample:\n  $ warren spec check --env production')
    .action(run)
}

async function run(options: TargetOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { file, spec } = await specOf(session, options)
  const vhosts = Object.keys(spec.vhosts ?? {})
  session.output.result({ file, name: spec.name ?? 'warren', vhosts }, () => `${file} is fine`)
}
