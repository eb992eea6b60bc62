import { identitiesIn, importTargetOf, planImport, transformDefinitions } from '@warren/cluster'
import type { Command } from 'commander'
import { Option } from 'commander'
import { collected } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { clientOf } from '../plan/target.ts'
import { carryOut } from './carry-out.ts'
import { definitionsOf } from './source.ts'
import { addTransformOptions, forVersionOption, type TransformOptions, transformsOf } from './transform-options.ts'

interface ImportOptions extends TransformOptions {
  readonly to: readonly string[]
  readonly vhost?: string
  readonly withClusterIdentity?: true
  readonly yes?: true
  readonly dryRun?: true
}

export function addDefinitionsImport(parent: Command): void {
  const command = parent
    .command('import')
    .summary('give a broker what a file has')
    .description(
      'Shows what an import would create and overwrite, asks, imports, and reads the broker again. Refuses, with nothing changed, a file at which the broker would stop half-way, and one with queues or exchanges that it has with other properties and would skip in silence. Deletes nothing. The name and the id of the cluster in the file stay out.',
    )
    .argument('<file>', 'a file of definitions with secrets, a management listener, or an environment of warren.yaml')
    .addOption(
      new Option('--to <url>', 'a management listener of the broker; repeatable')
        .argParser(collected)
        .makeOptionMandatory(),
    )
    .option('--vhost <name>', 'into this vhost alone, which must exist')
  addTransformOptions(command)
    .addOption(forVersionOption(', or `target` for that of the broker'))
    .option('--with-cluster-identity', 'also take over the name and the id of the cluster in the file, to restore one')
    .option('--dry-run', 'only show what would be done; exits 2 when anything')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExample:\n  $ warren definitions import old.json --to http://n2:15672 --to-quorum --for-version target --dry-run',
    )
    .action(run)
}

async function run(file: string, options: ImportOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { vhost, to, withClusterIdentity = false } = options
  const into = { withClusterIdentity, ...(vhost === undefined ? {} : { vhost }) }
  const client = clientOf(session, to)
  const [source, target] = await Promise.all([definitionsOf(session, file), importTargetOf(client)])
  const { document, notes } = transformDefinitions(source, transformsOf(options, target))
  const check = await planImport(client, document, into)
  const own = withClusterIdentity || vhost !== undefined ? [] : identitiesIn(document)
  const remarks = own.length === 0 ? [] : [`not imported, since each cluster has its own: ${own.join(', ')}`]
  await carryOut(session, { client, document, check, notes, remarks, into }, options)
}
