import { ClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import { redact } from '../redaction/redact.ts'
import { DEFINITIONS_TIMEOUT_MS } from '../snapshot/definitions.ts'
import { checkImport, type ImportCheck, withoutVhosts } from './check-import.ts'
import type { DefinitionsDocument } from './document.ts'
import { exportDefinitions } from './export.ts'
import { withoutClusterIdentity } from './identity.ts'
import { importTargetOf } from './import-target.ts'
import { metadataOf, withKnownMetadata } from './vhost-metadata.ts'

export interface ImportOptions {
  /** Into this vhost alone, which must exist: its queues, exchanges, bindings, policies and parameters. */
  readonly vhost?: string
  /**
   * With the global parameters that are one cluster's own: its name and id, its tags, and what `warren apply` wrote of what a
   * spec owns. Default false: the broker keeps its own. True to restore a cluster that is gone.
   */
  readonly withClusterIdentity?: boolean
  /**
   * Given what would be done, at the last moment before it is: also when that is nothing. What it throws ends the import, with
   * nothing changed.
   */
  readonly confirm?: (check: ImportCheck) => void | Promise<void>
}

/** Reads the broker and tells what an import of the file would do. Changes nothing. */
export async function planImport(
  client: ManagementClient,
  file: DefinitionsDocument,
  options: ImportOptions = {},
): Promise<ImportCheck> {
  return (await prepare(client, file, options)).check
}

interface Prepared {
  readonly check: ImportCheck
  /** What is to be sent. */
  readonly body: DefinitionsDocument
}

async function prepare(
  client: ManagementClient,
  file: DefinitionsDocument,
  { vhost, withClusterIdentity = false }: ImportOptions,
): Promise<Prepared> {
  const into = vhost === undefined ? {} : { vhost }
  const [target, current, metadata] = await Promise.all([
    importTargetOf(client),
    exportDefinitions(client, { ...into, withSecrets: true }),
    metadataOf(client),
  ])
  const body = withKnownMetadata(withClusterIdentity ? file : withoutClusterIdentity(file), metadata)
  return { check: checkImport(body, withKnownMetadata(current, metadata), { ...target, ...into }), body }
}

/**
 * Imports a file of definitions, and reads the broker again. Throws IMPORT_BLOCKED, with nothing changed, where the broker would
 * stop half-way or skip an object that it has with other properties; and IMPORT_INCOMPLETE where it answered that all is well
 * and is not as the file says. What the broker refuses all the same rises as MANAGEMENT_FAILED: sections before it are applied.
 */
export async function importDefinitions(
  client: ManagementClient,
  file: DefinitionsDocument,
  options: ImportOptions = {},
): Promise<ImportCheck> {
  const { check, body } = await prepare(client, file, options)
  const blocking = blockingIn(check)
  if (blocking.length > 0) {
    throw new ClusterError('IMPORT_BLOCKED', `nothing was imported: ${blocking.join('; ')}`, { blocking })
  }
  await options.confirm?.(check)
  if (check.steps.length === 0) return check
  const path = options.vhost === undefined ? api`definitions` : api`definitions/${options.vhost}`
  await client.post(path, options.vhost === undefined ? body : withoutVhosts(body), {
    timeoutMs: DEFINITIONS_TIMEOUT_MS,
  })
  // The broker answers 204 for objects that it has skipped, too.
  const after = await planImport(client, file, options)
  // A password is exported as a hash, and cannot be compared.
  const left = after.steps.filter(
    ({ action, difference }) => action === 'create' || difference.changes.some(({ path }) => path !== 'password'),
  )
  if (left.length === 0) return check
  const names = left.map(({ difference: { section, identity } }) => `${section} ${JSON.stringify(redact(identity))}`)
  throw new ClusterError(
    'IMPORT_INCOMPLETE',
    `the import was answered, and the broker is not as the file says about ${names.join(', ')}; "warren definitions diff" shows how`,
    { left: names },
  )
}

/** Why the file must not be imported, each in one line. */
export function blockingIn({ steps, problems }: ImportCheck): readonly string[] {
  const skipped = steps
    .filter(({ action }) => action === 'skip')
    .map(({ difference: { section, identity, changes } }) => {
      const fields = changes.map(({ path }) => path).join(', ')
      return `${section} ${JSON.stringify(redact(identity))}: exists with another ${fields}, and would be skipped; remove it, or leave it out of the file`
    })
  return [...problems.map(({ section, name, message }) => `${section} "${name}": ${message}`), ...skipped]
}
