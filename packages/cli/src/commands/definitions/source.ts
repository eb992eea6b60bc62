import { ClusterError, type DefinitionsDocument, exportDefinitions, parseDefinitions } from '@warren/cluster'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Session } from '../../session.ts'
import { clientOf } from '../plan/target.ts'

/** The definitions of a file, or of the broker behind a URL; with secrets, which must be redacted before they are shown. */
export async function definitionsOf(session: Session, source: string): Promise<DefinitionsDocument> {
  if (/^https?:\/\//i.test(source)) {
    return await exportDefinitions(clientOf(session, [source]), { withSecrets: true })
  }
  const text = await readFile(resolve(session.cwd, source), 'utf8').catch((error: unknown) => {
    throw new ClusterError(
      'DEFINITIONS_NOT_FOUND',
      `the definitions ${source} cannot be read; name a file, or a broker as in http://n1:15672`,
      { file: source },
      error,
    )
  })
  return parseDefinitions(text, source)
}
