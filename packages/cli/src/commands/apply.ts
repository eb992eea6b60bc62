import {
  apply,
  ClusterError,
  isSamePlan,
  makePlan,
  type MadePlan,
  planDocument,
  type PlanDocument,
  stepDocument,
  type StepResult,
} from '@warren/cluster'
import type { Command } from 'commander'
import { Option } from 'commander'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { confirm } from '../confirm.ts'
import { counted } from '../counted.ts'
import { CliError } from '../errors.ts'
import { collected } from '../options.ts'
import { type Session, sessionOf } from '../session.ts'
import { allOption, onlyOption, type PlanCommandOptions } from './plan.ts'
import { showPlan } from './plan/show.ts'
import { addSpecOptions, targetOf, urlOption } from './plan/target.ts'

interface ApplyCommandOptions extends PlanCommandOptions {
  readonly yes?: true
  readonly dryRun?: true
  readonly plan?: string
  readonly removeQueue?: readonly string[]
  readonly repartition?: readonly string[]
}

export function addApply(command: Command): void {
  addSpecOptions(command)
    .usage('[options]')
    .description(
      'Makes the broker as the spec says: shows the plan, asks, makes its steps in the order of dependency, and reads the broker again: the plan must then be empty. Stops at the first step that fails; run again, it goes on there.',
    )
    .addOption(urlOption())
    .addOption(onlyOption())
    .option('--prune', 'also remove what the spec owns and does not name any more')
    .addOption(
      new Option(
        '--remove-queue <name>',
        'with --prune: remove this queue even with messages or consumers; repeatable',
      ).argParser(collected),
    )
    .addOption(
      new Option(
        '--repartition <queue>',
        'change the partitions of this queue even while messages wait in them: an event may overtake an older one of its entity; repeatable',
      ).argParser(collected),
    )
    .addOption(allOption())
    .option('--plan <file>', 'only if the plan is still what "warren plan --out" wrote to this file')
    .option('--yes', 'do not ask')
    .option('--dry-run', 'show the plan and change nothing')
    .addHelpText('after', '\nExample:\n  $ warren plan --out plan.json; warren apply --plan plan.json --yes')
    .action(run)
}

async function run(options: ApplyCommandOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { output } = session
  const { client, spec, passwords } = await targetOf(session, options)
  const { only = [], prune = false } = options
  const planOptions = { only, prune }
  const made = await makePlan(client, spec, passwords, planOptions)
  const document = planDocument(made)
  const show = (): string => showPlan(document, { isWhole: options.all === true })
  if (options.plan !== undefined) await refuseStale(session, options.plan, document)
  if (options.dryRun === true) {
    output.result(document, show)
    return
  }
  if (document.steps.length > 0) output.aside(show())
  refuseErrors(made)
  if (document.steps.length > 0) await confirm(`Apply ${counted(document.steps.length, 'step')}?`, options)

  const { results, isComplete } = await apply(client, made.plan, {
    removeQueues: options.removeQueue ?? [],
    repartition: options.repartition ?? [],
    onStep: (result, index, count) =>
      output.note(`[${index + 1}/${count}] ${result.kind}: ${result.step.action} ${result.step.label}`),
  })
  const told = results.map((result) => ({ result: result.kind, ...stepDocument(result.step) }))
  const left = isComplete ? planDocument(await makePlan(client, spec, passwords, planOptions)).steps : []
  output.result({ isComplete, results: told, left }, () => summary(results))
  if (!isComplete) throw failure(results)
  if (left.length > 0) {
    const labels = left.map(({ kind, name }) => `${kind}/${name}`).join(', ')
    throw new ClusterError('APPLY_INCOMPLETE', `every step was made, and this is still not as the spec says: ${labels}`)
  }
}

async function refuseStale({ cwd }: Session, file: string, now: PlanDocument): Promise<void> {
  let before: unknown
  try {
    before = JSON.parse(await readFile(resolve(cwd, file), 'utf8'))
  } catch (error) {
    // The message of JSON.parse() quotes the file.
    const cause = error instanceof SyntaxError ? undefined : error
    throw new CliError('USAGE_INVALID', `${file} is no plan of "warren plan --out"`, cause)
  }
  if (typeof before === 'object' && before !== null && isSamePlan(before as PlanDocument, now)) return
  throw new ClusterError(
    'PLAN_STALE',
    `nothing was changed: the plan in ${file} is not what would be done now; the broker, the spec or the options are others. Make a new one`,
  )
}

function refuseErrors({ findings }: MadePlan): void {
  const errors = findings.filter(({ level }) => level === 'error')
  if (errors.length === 0) return
  throw new ClusterError(
    'PLAN_BLOCKED',
    `nothing was changed: ${errors.map((error) => `${error.label}: ${error.message}`).join('. ')}`,
  )
}

function failure(results: readonly StepResult[]): ClusterError {
  const failed = results.find((result) => result.kind === 'failed')
  const skipped = results.filter(({ kind }) => kind === 'skipped').length
  const reason = failed?.error instanceof Error ? failed.error.message : ''
  return new ClusterError(
    'APPLY_FAILED',
    `${failed?.step.action ?? ''} ${failed?.step.label ?? ''} failed: ${reason}. ${counted(skipped, 'step')} after it not tried; apply again to go on`,
    {},
    failed?.error,
  )
}

function summary(results: readonly StepResult[]): string {
  const done = results.filter(({ kind }) => kind === 'done').length
  return results.length === 0 ? 'nothing to change' : `${done} of ${counted(results.length, 'step')} done`
}
