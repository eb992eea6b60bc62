import { ClusterError, type DefinitionsDocument, exportDefinitions, parseDefinitions } from '@warren/cluster'
import type { ManagementClient } from '@warren/cluster/management'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, codeOf } from '../../errors.ts'
import type { Session } from '../../session.ts'
import { clientOf, specOf } from '../plan/target.ts'

/** The definitions of a file or a broker; with secrets, which must be redacted before they are shown. */
export async function definitionsOf(session: Session, source: string): Promise<DefinitionsDocument> {
  if (isUrl(source)) return await exportedBy(clientOf(session, [source]))
  const text = await readFile(resolve(session.cwd, source), 'utf8').catch((error: unknown) => {
    // A folder may be called as an environment is.
    if (isName(source) && ['ENOENT', 'EISDIR'].includes(codeOf(error) ?? '')) return undefined
    throw notFound(source, error)
  })
  return text === undefined ? await exportedBy(await brokerOf(session, source)) : parseDefinitions(text, source)
}

/** A client of the broker behind a URL, or behind the `endpoints` of warren.yaml with the variables of an environment. */
export async function brokerOf(session: Session, name: string): Promise<ManagementClient> {
  if (isUrl(name)) return clientOf(session, [name])
  if (!isName(name)) {
    throw new CliError('USAGE_INVALID', `"${name}" is no broker; say a URL such as http://n1:15672, or an environment`)
  }
  try {
    const { spec } = await specOf(session, { env: name })
    return clientOf(session, spec.endpoints ?? [])
  } catch (error) {
    if (codeOf(error) === 'SPEC_NOT_FOUND') throw notFound(name, error)
    throw error
  }
}

async function exportedBy(client: ManagementClient): Promise<DefinitionsDocument> {
  return await exportDefinitions(client, { withSecrets: true })
}

function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source)
}

/** As an environment may be called; a path or a file with an ending is none. */
function isName(source: string): boolean {
  return /^[\w-]+$/.test(source)
}

function notFound(source: string, cause: unknown): ClusterError {
  return new ClusterError(
    'DEFINITIONS_NOT_FOUND',
    `the definitions ${source} cannot be read; name a file, a broker as in http://n1:15672, or an environment of warren.yaml`,
    { file: source },
    cause,
  )
}
