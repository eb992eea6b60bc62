import {
  type DefinitionsDocument,
  type Finding,
  type ImportCheck,
  importDefinitions,
  importDocument,
} from '@warren/cluster'
import type { ManagementClient } from '@warren/cluster/management'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { exitCodes } from '../../exit-codes.ts'
import { visible } from '../../output.ts'
import type { Session } from '../../session.ts'
import { showFinding } from '../plan/show.ts'
import { showDifference } from './show.ts'

export interface Planned {
  readonly client: ManagementClient
  readonly document: DefinitionsDocument
  readonly check: ImportCheck
  readonly notes: readonly Finding[]
  /** Lines of the plan beside what would be done. */
  readonly remarks: readonly string[]
  readonly into: { readonly vhost?: string; readonly withClusterIdentity?: boolean }
}

/** Shows what an import would do, asks, imports, and reads the broker again; with --dry-run only shows it. */
export async function carryOut(
  session: Session,
  { client, document, check, notes, remarks, into }: Planned,
  options: { readonly yes?: true; readonly dryRun?: true },
): Promise<void> {
  const { steps, blocking } = importDocument(check)
  const shown = [
    ...steps.map((step) => `${step.action.padEnd(9)} ${showDifference(step)}`),
    ...blocking.map((reason) => visible(`refused   ${reason}`)),
    ...notes.map(showFinding),
    ...remarks.map(visible),
    counted(steps.length, 'object'),
  ].join('\n')
  if (options.dryRun === true) {
    session.output.result({ isDryRun: true, steps, blocking, notes }, () => shown)
    if (steps.length + blocking.length > 0) process.exitCode = exitCodes.findings
    return
  }
  session.output.aside(shown)
  if (blocking.length === 0 && steps.length > 0) {
    await confirm(`Import ${counted(steps.length, 'object')} into ${client.endpoints.join(', ')}?`, options)
    session.output.note('importing, then reading again')
  }
  await importDefinitions(client, document, into)
  session.output.result({ isDryRun: false, steps, blocking, notes }, () =>
    steps.length === 0 ? 'nothing to import' : `${counted(steps.length, 'object')} imported and read again`,
  )
}
