import type { QueueFilter } from '@warren/cluster'
import { isClusterError, type ManagementClient } from '@warren/cluster/management'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Session } from '../../session.ts'
import { clientOf, specOf, type TargetOptions, urlOption } from '../plan/target.ts'

export interface QueuesOptions extends TargetOptions {
  readonly vhost?: string
  readonly pattern?: RegExp
}

export function addBrokerOptions(command: Command): Command {
  return command
    .addOption(urlOption())
    .option('--spec <file>', 'the spec with the endpoints (default: warren.yaml here or above)')
    .option('--env <name>', 'which environment of the spec')
}

/** Which broker, and which of its queues. */
export function addQueuesOptions(command: Command): Command {
  return addBrokerOptions(command)
    .option('--vhost <name>', 'only queues of this vhost (default: all)')
    .addOption(
      new Option('--pattern <regex>', 'only queues whose name it matches, anywhere').argParser(regularExpression),
    )
}

/** Of --url, else of the spec. */
export async function brokerFor(session: Session, options: TargetOptions): Promise<ManagementClient> {
  if (options.url !== undefined) return clientOf(session, options.url)
  try {
    return clientOf(session, (await specOf(session, options)).spec.endpoints ?? [])
  } catch (error) {
    // Without a spec the way out is --url, which clientOf() tells of.
    if (options.spec === undefined && isClusterError(error, 'SPEC_NOT_FOUND')) return clientOf(session, [])
    throw error
  }
}

export function filterOf({ vhost, pattern }: QueuesOptions, names: readonly string[] = []): QueueFilter {
  return { names, ...(vhost === undefined ? {} : { vhost }), ...(pattern === undefined ? {} : { pattern }) }
}

function regularExpression(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch {
    throw new InvalidArgumentError('It must be a regular expression, such as ^qu\\.order\\.')
  }
}
