import { makePlan, planDocument, type PlanDocument } from '@warren/cluster'
import type { Command } from 'commander'
import { Option } from 'commander'
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, codeOf } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { collected } from '../options.ts'
import { type Session, sessionOf } from '../session.ts'
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
    await writePlan(session, options.out, document)
  }
  session.output.result(document, () => showPlan(document, { isWhole: options.all === true }))
  if (document.steps.length > 0) process.exitCode = exitCodes.findings
}

/** Over an older plan, and over no other file. */
async function writePlan({ cwd }: Session, file: string, document: PlanDocument): Promise<void> {
  const path = resolve(cwd, file)
  const text = `${JSON.stringify(document, null, 2)}\n`
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    if (!(await readFile(path, 'utf8')).includes(`"format": "${document.format}"`)) {
      throw new CliError('USAGE_INVALID', `${file} is there already and no plan; choose another name`, error)
    }
    await writeFile(path, text)
  }
}
