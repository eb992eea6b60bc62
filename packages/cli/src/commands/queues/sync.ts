import {
  ClusterError,
  labelOf,
  listQueues,
  type Queue,
  requireMirroring,
  syncQueues,
  type SyncResult,
  unsynchronisedMirrors,
} from '@warren/cluster'
import { type Command, Option } from 'commander'
import { confirm } from '../../confirm.ts'
import { counted } from '../../counted.ts'
import { CliError } from '../../errors.ts'
import { wholeFromOne } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import { type Column, table } from '../../table.ts'
import { addQueuesOptions, brokerFor, filterOf, type QueuesOptions } from './chosen.ts'
import { SyncReporter } from './sync-reporter.ts'

interface SyncCommandOptions extends QueuesOptions {
  readonly batch: number
  readonly timeout: number
  readonly yes?: true
  readonly dryRun?: true
}

export function addQueuesSync(parent: Command): void {
  const command = parent
    .command('sync')
    .summary('let mirrors that fell behind catch up')
    .description(
      'Synchronises the mirrors of classic mirrored queues: says what would be copied, asks, and returns when every mirror has caught up, not when the broker has taken the order. A queue is blocked for publishers and consumers while it synchronises. Ctrl-C ends the waiting, not the copying: "warren queues cancel-sync" does that. Exits 1 when a queue was not synchronised; the others are. From RabbitMQ 4.0 on there are no mirrors.',
    )
    .argument('[queues...]', 'names of queues (default: all with a mirror that has not caught up)')
  addQueuesOptions(command)
    .addOption(new Option('--batch <count>', 'so many queues at a time').argParser(wholeFromOne).default(1))
    .addOption(
      new Option('--timeout <seconds>', 'give up on a queue when nothing moves for so long')
        .argParser(wholeFromOne)
        .default(120),
    )
    .option('--dry-run', 'only show what would be synchronised')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  $ warren queues sync --url http://n1:15672 --vhost shop --batch 2')
    .action(run)
}

async function run(names: readonly string[], options: SyncCommandOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { output } = session
  const client = await brokerFor(session, options)
  await requireMirroring(client)
  const found = await listQueues(client, filterOf(options, names))
  // One that is named and has no mirrors is told of as an error, one that has caught up as synchronised.
  const queues = names.length > 0 ? found : found.filter((queue) => unsynchronisedMirrors(queue).length > 0)
  const copying = queues.filter((queue) => unsynchronisedMirrors(queue).length > 0)
  if (options.dryRun === true || queues.length === 0) {
    output.result({ isDryRun: options.dryRun === true, queues: queues.map(documentOf), results: [] }, () =>
      copying.length === 0 ? 'every mirror has caught up' : table(columns, copying),
    )
    return
  }
  if (copying.length > 0) {
    output.aside(table(columns, copying))
    output.note(warning(copying, options.batch))
    await confirm(`Synchronise ${counted(copying.length, 'queue')}?`, options)
  }

  const stopping = new AbortController()
  const onInterrupt = (): void => stopping.abort()
  process.once('SIGINT', onInterrupt)
  const reporter = new SyncReporter(queues.length, (line) => output.note(line))
  let results: readonly SyncResult[]
  try {
    results = await syncQueues(client, queues, {
      batch: options.batch,
      timeoutMs: options.timeout * 1000,
      onEvent: (event) => reporter.tell(event),
      signal: stopping.signal,
    })
  } finally {
    reporter.end()
    process.off('SIGINT', onInterrupt)
  }
  output.result({ isDryRun: false, queues: queues.map(documentOf), results: results.map(resultDocument) }, () =>
    summary(results),
  )
  refuse(results)
}

function warning(queues: readonly Queue[], batch: number): string {
  const copies = queues.map((queue) => (queue.messages ?? 0) * unsynchronisedMirrors(queue).length)
  const total = copies.reduce((sum, count) => sum + count, 0)
  const atATime = batch === 1 ? 'one queue' : `up to ${batch} queues`
  return `each queue is blocked for publishers and consumers while it synchronises, ${atATime} at a time; ${counted(total, 'message')} would be copied (as of the broker's last count)`
}

function summary(results: readonly SyncResult[]): string {
  const done = results.filter(({ kind }) => kind === 'synchronised').length
  return `${done} of ${counted(results.length, 'queue')} synchronised`
}

function refuse(results: readonly SyncResult[]): void {
  const left = results.flatMap((result) => (result.kind === 'left' ? [labelOf(result.queue)] : []))
  const skipped = results.filter(({ kind }) => kind === 'skipped').length
  if (left.length > 0 || skipped > 0) {
    const goingOn =
      left.length === 0
        ? ''
        : `; the broker goes on with ${left.join(', ')}, blocked until it is done: "warren queues cancel-sync" ends that`
    throw new CliError('INTERRUPTED', `waiting was ended, ${counted(skipped, 'queue')} not begun${goingOn}`)
  }
  const failed = results.flatMap((result) => (result.kind === 'failed' ? [result] : []))
  if (failed.length === 0) return
  const reasons = failed.map(({ error }) => `${error.code}: ${error.message}`).join('. ')
  throw new ClusterError(
    'QUEUE_SYNC_FAILED',
    `${failed.length} of ${counted(results.length, 'queue')} not synchronised. ${reasons}`,
    { queues: failed.map(({ queue }) => queue) },
  )
}

function documentOf(queue: Queue): object {
  const { vhost, name, messages = null, mirrors } = queue
  return { vhost, name, messages, mirrors }
}

function resultDocument(result: SyncResult): object {
  const { kind, queue } = result
  const named = { result: kind, vhost: queue.vhost, name: queue.name }
  if (result.kind === 'synchronised') return { ...named, durationMs: Math.round(result.durationMs) }
  return result.kind === 'failed' ? { ...named, code: result.error.code, message: result.error.message } : named
}

const columns: readonly Column<Queue>[] = [
  { heading: 'vhost', cell: ({ vhost }) => vhost },
  { heading: 'queue', cell: ({ name }) => name },
  { heading: 'leader', cell: ({ leader = '' }) => leader },
  { heading: 'behind', cell: (queue) => unsynchronisedMirrors(queue).join(' ') },
  { heading: 'messages', cell: ({ messages = '' }) => messages, align: 'right' },
]
