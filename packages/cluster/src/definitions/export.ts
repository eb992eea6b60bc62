import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import { redact } from '../redaction/redact.ts'
import type { Value } from '../resources/value.ts'
import { DEFINITIONS_TIMEOUT_MS } from '../snapshot/definitions.ts'
import type { DefinitionsDocument } from './document.ts'

export interface ExportOptions {
  /** Of this vhost alone: without users and permissions, and on most versions without the vhost's name. */
  readonly vhost?: string
  /** With password hashes and the passwords of URLs. Default false: `***`, which no broker can import. */
  readonly withSecrets?: boolean
}

/** The broker's own export, whole, with the keys that its version has. Throws MANAGEMENT_NOT_FOUND for an unknown vhost. */
export async function exportDefinitions(
  client: ManagementClient,
  options: ExportOptions = {},
): Promise<DefinitionsDocument> {
  const path = options.vhost === undefined ? api`definitions` : api`definitions/${options.vhost}`
  const found = await client.get<Value>(path, { timeoutMs: DEFINITIONS_TIMEOUT_MS })
  return options.withSecrets === true ? found : (redact(found) as Value)
}
