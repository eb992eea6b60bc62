import { exportDefinitions, transformDefinitions } from '@warren/cluster'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { CliError, codeOf } from '../../errors.ts'
import { collected } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { clientOf } from '../plan/target.ts'
import {
  addTransformOptions,
  forVersionOption,
  showNotes,
  type TransformOptions,
  transformsOf,
} from './transform-options.ts'

interface ExportOptions extends TransformOptions {
  readonly from: readonly string[]
  readonly vhost?: string
  readonly withSecrets?: true
  readonly out?: string
}

export function addDefinitionsExport(parent: Command): void {
  const command = parent
    .command('export')
    .summary('write down what a broker has')
    .description(
      'Writes the definitions of a broker, or of one vhost, as JSON, as the broker itself exports them. Password hashes and the passwords of URLs are masked unless --with-secrets; a masked file can be compared, not imported. What is changed on the way is told beside the result.',
    )
    .addOption(
      new Option('--from <url>', 'a management listener of the broker; repeatable')
        .argParser(collected)
        .makeOptionMandatory(),
    )
    .option('--vhost <name>', 'of this vhost alone')
    .option('--with-secrets', 'with password hashes and passwords of URLs, as an import needs them')
    .option('--out <file>', 'a new file, for its owner alone (default: stdout)')
  addTransformOptions(command)
    .addOption(forVersionOption(''))
    .addHelpText(
      'after',
      '\nExample:\n  $ warren definitions export --from http://n1:15672 --with-secrets --out definitions.json',
    )
    .action(run)
}

async function run(options: ExportOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { vhost, withSecrets = false, out } = options
  const wanted = { withSecrets, ...(vhost === undefined ? {} : { vhost }) }
  const transforms = transformsOf(options)
  const exported = await exportDefinitions(clientOf(session, options.from), wanted)
  const { document: definitions, notes } = transformDefinitions(exported, transforms)
  showNotes(session, notes)
  const text = JSON.stringify(definitions, null, 2)
  if (out === undefined) {
    session.output.result(definitions, () => text)
    return
  }
  try {
    await writeFile(resolve(session.cwd, out), `${text}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    throw new CliError('USAGE_INVALID', `${out} is there already, and is not overwritten; choose another name`, error)
  }
  session.output.result({ file: out, isRedacted: !withSecrets, notes }, () => `wrote ${out}`)
}
