import { makePlan, planDocument } from '@warren/cluster'
import type { Command } from 'commander'
import { Option } from 'commander'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { exitCodes } from '../exit-codes.ts'
import { collected } from '../options.ts'
import { sessionOf } from '../session.ts'
import { showPlan } from './plan/show.ts'
import { addSpecOptions, targetOf, type TargetOptions, urlOption } from './plan/target.ts'

export interface PlanCommandOptions extends TargetOptions {
  readonly only?: readonly string[]
  readonly prune?: true
  readonly all?: true
}

interface PlanFileOptions extends PlanCommandOptions {
  readonly out?: string
}

export function onlyOption(): Option {
  return new Option(
    '--only <kind/name>',
    'only this, such as queue/qu.order.crm, or all of a kind; repeatable',
  ).argParser(collected)
}

export function allOption(): Option {
  return new Option('--all', 'show each step, where of many alike the first are shown')
}

export function addPlan(command: Command): void {
  addSpecOptions(command)
    .usage('[options]')
    .description(
      'Shows what would have to change for the broker to be as the spec says, what holds for every queue that is touched, and what is hardly meant. Changes nothing. Exits 0 when there is nothing to change, 2 when there is.',
    )
    .addOption(urlOption())
    .addOption(onlyOption())
    .option('--prune', 'also remove what the spec owns and does not name any more')
    .addOption(allOption())
    .option('--out <file>', 'write the plan to a file for "warren apply --plan"')
    .addHelpText(
      'after',
      '\nExample:\n  $ WARREN_MANAGEMENT_USER=admin WARREN_MANAGEMENT_PASSWORD=… warren plan --env staging',
    )
    .action(run)
}

async function run(options: PlanFileOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { client, spec, passwords } = await targetOf(session, options)
  const { only = [], prune = false } = options
  const document = planDocument(await makePlan(client, spec, passwords, { only, prune }))
  if (options.out !== undefined) {
    await writeFile(resolve(session.cwd, options.out), `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 })
  }
  session.output.result(document, () => showPlan(document, { isWhole: options.all === true }))
  if (document.steps.length > 0) process.exitCode = exitCodes.findings
}
