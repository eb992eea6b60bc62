import { driftIn, makePlan, stepDocument } from '@warren/cluster'
import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { sessionOf } from '../session.ts'
import { showStep } from './plan/show.ts'
import { addSpecOptions, targetOf, type TargetOptions, urlOption } from './plan/target.ts'

export function addDrift(command: Command): void {
  addSpecOptions(command)
    .usage('[options]')
    .description(
      'Shows what was changed or removed on the broker since the spec was applied, and what "warren apply" would do about it. What was never applied is no drift. Changes nothing. Exits 2 when there is drift.',
    )
    .addOption(urlOption())
    .addHelpText('after', '\nExample:\n  $ warren drift --json')
    .action(run)
}

async function run(options: TargetOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { client, spec, passwords } = await targetOf(session, options)
  const { plan } = await makePlan(client, spec, passwords)
  const isApplied = plan.owned.size > 0
  const drift = driftIn(plan).map(stepDocument)
  session.output.result({ spec: plan.spec, isApplied, drift }, () => {
    if (!isApplied) return `the spec "${plan.spec}" was never applied to this broker; see "warren plan"`
    return drift.length === 0 ? 'no drift' : drift.map(showStep).join('\n')
  })
  if (drift.length > 0) process.exitCode = exitCodes.findings
}
