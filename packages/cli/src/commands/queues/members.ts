import {
  changeMembers,
  ClusterError,
  labelOf,
  type MemberResult,
  type MemberStep,
  planGrow,
  planShrink,
  survivableLosses,
} from '@warren/cluster'
import type { Command } from 'commander'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { sessionOf } from '../../session.ts'
import { type Column, table } from '../../table.ts'
import { addQueuesOptions, brokerFor, filterOf, type QueuesOptions } from './chosen.ts'

interface MembersOptions extends QueuesOptions {
  readonly yes?: true
  readonly dryRun?: true
  readonly force?: true
}

export function addQueuesGrow(parent: Command): void {
  const command = parent
    .command('grow')
    .summary('give quorum queues a member on a node')
    .description(
      'Adds a member on the node to the quorum queues that have none there, and reads each queue again until the member is online: shows what would be done, asks, one queue after the other. Over HTTP from RabbitMQ 3.11 on. Exits 1 when a queue has not got it; the others have.',
    )
    .argument('<node>', 'the node: rabbit@n2, or n2')
    .argument('[queues...]', 'names of quorum queues (default: all that have no member there)')
  addQueuesOptions(command)
    .option('--dry-run', 'only show what would be done')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ warren queues grow n4 --url http://n1:15672 --vhost shop')
    .action((node: string, names: readonly string[], options: MembersOptions, self: Command) =>
      run('add', node, names, options, self),
    )
}

export function addQueuesShrink(parent: Command): void {
  const command = parent
    .command('shrink')
    .summary('take the members of quorum queues off a node')
    .description(
      'Removes the member on the node from the quorum queues that have one there, before a node goes for good: shows what would be done, asks, one queue after the other, and reads each queue again. Refused with nothing changed when a queue would be left with one member or without a majority online. Over HTTP from RabbitMQ 3.11 on.',
    )
    .argument('<node>', 'the node, running or not: rabbit@n2, or n2')
    .argument('[queues...]', 'names of quorum queues (default: all that have a member there)')
  addQueuesOptions(command)
    .option('--force', 'also where one member or no majority is left; never the last member')
    .option('--dry-run', 'only show what would be done')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ warren queues shrink n4 --url http://n1:15672 --dry-run')
    .action((node: string, names: readonly string[], options: MembersOptions, self: Command) =>
      run('remove', node, names, options, self),
    )
}

async function run(
  action: MemberStep['action'],
  node: string,
  names: readonly string[],
  options: MembersOptions,
  command: Command,
): Promise<void> {
  const session = sessionOf(command)
  const { output } = session
  const client = await brokerFor(session, options)
  const filter = filterOf(options, names)
  const steps =
    action === 'add'
      ? await planGrow(client, node, filter)
      : await planShrink(client, node, filter, { isForced: options.force === true })
  if (options.dryRun === true || steps.length === 0) {
    const isSo = action === 'add' ? 'every quorum queue has a member there' : 'no quorum queue has a member there'
    output.result({ isDryRun: options.dryRun === true, steps, results: [] }, () =>
      steps.length === 0 ? isSo : table(columns, steps),
    )
    return
  }
  output.aside(table(columns, steps))
  const what = action === 'add' ? 'Add a member to' : 'Remove a member of'
  await confirm(`${what} ${counted(steps.length, 'queue')}?`, options)
  const results = await changeMembers(client, steps, {
    isForced: options.force === true,
    onResult: (result, index) => output.note(`[${index + 1}/${steps.length}] ${told(result)}`),
  })
  const done = results.filter(({ kind }) => kind === 'done').length
  output.result({ isDryRun: false, steps, results: results.map(documentOf) }, () => {
    const verb = action === 'add' ? 'added to' : 'removed from'
    return `a member ${verb} ${done} of ${counted(steps.length, 'queue')}`
  })
  refuse(results)
}

function told(result: MemberResult): string {
  const { action, node } = result.step
  const what = `${action} the member of ${labelOf(result.step)} on ${node}`
  return result.kind === 'done' ? `done: ${what}` : `${result.error.code}: ${what}`
}

function refuse(results: readonly MemberResult[]): void {
  const failed = results.flatMap((result) => (result.kind === 'failed' ? [result] : []))
  if (failed.length === 0) return
  const reasons = failed.map(({ step, error }) => `${labelOf(step)}: ${error.message}`).join('. ')
  throw new ClusterError(
    'QUEUE_MEMBERS_FAILED',
    `${failed.length} of ${counted(results.length, 'queue')} not changed. ${reasons}`,
  )
}

function documentOf(result: MemberResult): object {
  const { vhost, name, node } = result.step
  const named = { result: result.kind, vhost, name, node }
  return result.kind === 'done' ? named : { ...named, code: result.error.code, message: result.error.message }
}

const columns: readonly Column<MemberStep>[] = [
  { heading: 'vhost', cell: ({ vhost }) => vhost },
  { heading: 'queue', cell: ({ name }) => name },
  { heading: 'members', cell: ({ before }) => before.join(' ') },
  { heading: 'then', cell: ({ after }) => after.join(' ') },
  { heading: 'may lose', cell: ({ after }) => survivableLosses(after.length), align: 'right' },
]
