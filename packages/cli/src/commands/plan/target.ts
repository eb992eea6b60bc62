import { fetchPasswords, loadSpec, type LoadedSpec } from '@warren/cluster'
import { ManagementClient } from '@warren/cluster/management'
import type { Command } from 'commander'
import { Option } from 'commander'
import { CliError } from '../../errors.ts'
import { collected } from '../../options.ts'
import type { Session } from '../../session.ts'
import { keepHeapSmall } from '../../small-heap.ts'

export interface TargetOptions {
  readonly spec?: string
  readonly env?: string
  readonly url?: readonly string[]
}

export function addSpecOptions(command: Command): Command {
  return command
    .option('--spec <file>', 'the spec (default: warren.yaml here or above)')
    .option('--env <name>', 'which of its environments has the values of the variables')
}

export function urlOption(): Option {
  return new Option(
    '--url <url>',
    'a management listener, http://[USER:PASSWORD@]HOST:15672; repeatable (default: the endpoints of the spec)',
  ).argParser(collected)
}

/** A spec, and a client of the broker that it is for. */
export interface Target extends LoadedSpec {
  readonly client: ManagementClient
  readonly passwords: Awaited<ReturnType<typeof fetchPasswords>>
}

export async function targetOf(session: Session, options: TargetOptions): Promise<Target> {
  keepHeapSmall()
  const loaded = await specOf(session, options)
  const passwords = await fetchPasswords(loaded.spec, { env: session.env, folder: loaded.folder })
  return { ...loaded, passwords, client: clientOf(session, options.url ?? loaded.spec.endpoints ?? []) }
}

export async function specOf(session: Session, options: TargetOptions): Promise<LoadedSpec> {
  const environment = options.env === undefined ? {} : { environment: options.env }
  return await loadSpec(session.cwd, options.spec, { env: session.env, ...environment })
}

/** With the user of the URL, else that of the environment. */
export function clientOf(session: Session, endpoints: readonly string[]): ManagementClient {
  if (endpoints.length === 0) {
    throw new CliError('USAGE_INVALID', 'no broker is named: add "endpoints" to the spec, or say --url http://n1:15672')
  }
  const username = session.env['WARREN_MANAGEMENT_USER']
  const password = session.env['WARREN_MANAGEMENT_PASSWORD'] ?? ''
  return new ManagementClient({ endpoints, ...(username === undefined ? {} : { credentials: { username, password } }) })
}
