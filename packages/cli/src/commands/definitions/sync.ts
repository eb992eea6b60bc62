import { planSync, syncSections } from '@warren/cluster'
import type { Command } from 'commander'
import { Option } from 'commander'
import { CliError } from '../../errors.ts'
import { counted } from '../../counted.ts'
import { sessionOf } from '../../session.ts'
import { carryOut } from './carry-out.ts'
import { brokerOf, definitionsOf } from './source.ts'
import { addTransformOptions, forVersionOption, type TransformOptions, transformsOf } from './transform-options.ts'

interface SyncOptions extends TransformOptions {
  readonly only: readonly string[]
  readonly vhost?: string
  readonly yes?: true
  readonly dryRun?: true
}

export function addDefinitionsSync(parent: Command): void {
  const command = parent
    .command('sync')
    .summary('bring sections of one broker into another')
    .description(
      'Reads A, changes it for the version of B, narrows it to the sections of --only, shows what would be created and overwritten in B, asks, imports, and reads B again. Deletes nothing: what B has beyond A stays. Refuses, with nothing changed, what B would stop at or skip, and says which section has what is missing.',
    )
    .argument('<a>', 'a management listener, an environment of warren.yaml, or a file of definitions')
    .argument('<b>', 'a management listener, or an environment of warren.yaml')
    .addOption(
      new Option('--only <sections>', `which, with commas between: ${syncSections.join(', ')}`)
        .argParser(sections)
        .makeOptionMandatory(),
    )
    .option('--vhost <name>', 'of this vhost of A alone')
  addTransformOptions(command)
    .addOption(forVersionOption('; by default for that of B'))
    .option('--dry-run', 'only show what would be done; exits 2 when anything')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren definitions sync staging prod --only policies,queues --dry-run\n  $ warren definitions sync http://n1:15672 http://n2:15672 --only exchanges,queues,bindings --vhost shop --to-quorum',
    )
    .action(run)
}

async function run(a: string, b: string, options: SyncOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { only, vhost } = options
  const { forVersion: _, ...rest } = options
  const transforms = transformsOf(options.forVersion === 'target' ? rest : options)
  const client = await brokerOf(session, b)
  const from = /^https?:/i.test(a) || /^[\w-]+$/.test(a) ? await brokerOf(session, a).catch(() => undefined) : undefined
  const shared = from?.endpoints.find((endpoint) => client.endpoints.includes(endpoint))
  if (shared !== undefined) {
    throw new CliError(
      'USAGE_INVALID',
      `"${a}" and "${b}" are the same broker, ${shared}; let the "endpoints" of the spec be variables of its environments`,
    )
  }
  const source = await definitionsOf(session, a)
  const plan = await planSync(source, client, { only, transforms, ...(vhost === undefined ? {} : { vhost }) })
  const { document, check, notes, surplus } = plan
  const remarks = surplus === 0 ? [] : [`${counted(surplus, 'object')} that "${a}" does not have: left alone`]
  await carryOut(session, { client, document, check, notes, remarks, into: {} }, options)
}

function sections(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim().replaceAll('_', '-'))
    .filter((name) => name !== '')
}
