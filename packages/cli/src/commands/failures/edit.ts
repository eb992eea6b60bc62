import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Failure } from '@warren/bus'
import { checkPayload, editFailure, readStores } from '@warren/bus/operate'
import type { NamedStore, StoreRow } from '@warren/bus/operate'
import { Argument } from 'commander'
import type { Command } from 'commander'
import { actor } from '../../actor.ts'
import { confirm } from '../../confirm.ts'
import { CliError } from '../../errors.ts'
import { messageId, storeOption } from '../../options.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'

interface EditOptions extends StoreOptions {
  readonly payload: string
  readonly subscription?: string
  readonly dryRun?: true
  readonly yes?: true
}

export function addFailuresEdit(parent: Command): void {
  parent
    .command('edit')
    .summary('give a failed message another payload, and retry it')
    .description(
      "Replaces the payload of one failure and hands the message to its handler again: the same message, once, in its place among ordered events. The payload must be JSON of at most 1 MiB, and fit its event's schema when the configuration has a catalog. The original stays in the store's action log.",
    )
    .addArgument(new Argument('<id>', 'the message id').argParser(messageId))
    .requiredOption('--payload <file>', 'the whole payload as JSON; "-" reads it from stdin')
    .option('--subscription <name>', 'of this subscription; needed when the message failed in several')
    .option('--dry-run', 'check the payload, and change nothing')
    .option('-y, --yes', 'do not ask')
    .addOption(storeOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ warren failures show order.crm 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa --json | jq .payload > payload.json\n  $ warren failures edit 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa --payload payload.json',
    )
    .action(edit)
}

async function edit(id: string, options: EditOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  const { catalog } = (await session.config())?.config ?? {}
  const payload = (await read(options.payload)).trim()
  await withStores(session, options, async (stores) => {
    const failure = await need(stores, id, options.subscription)
    const { subscription, name, store } = failure
    await checkPayload(name, payload, catalog)
    const document = { id, subscription, store, event: name, isChecked: catalog !== undefined }
    if (options.dryRun === true) {
      session.output.result({ ...document, isEdited: false }, () => `would edit and retry ${name} of ${subscription}`)
      return
    }
    await confirm(`Replace the payload of ${name} for ${subscription}, and retry it?`, options)
    const outcome = await editFailure(stores, failure, payload, { actor: actor(session.env), catalog })
    if (outcome !== 'edited')
      throw new CliError(
        'FAILURE_UNKNOWN',
        `${subscription} has settled ${id} meanwhile, or somebody else has edited it`,
      )
    session.output.result({ ...document, isEdited: true }, () => `${name} of ${subscription} is edited, to be retried`)
  })
}

async function read(file: string): Promise<string> {
  if (file === '-') return text(process.stdin)
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new CliError('USAGE_INVALID', `${file} cannot be read: ${(error as Error).message}`, error)
  }
}

async function need(
  stores: readonly NamedStore[],
  id: string,
  subscription: string | undefined,
): Promise<StoreRow<Failure>> {
  const filter = { messageId: id, ...(subscription === undefined ? {} : { subscription }) }
  const [failure, ...others] = await readStores(stores, (store) => store.failures.list(filter))
  if (failure === undefined) {
    throw new CliError(
      'FAILURE_UNKNOWN',
      `no failure of ${id} in these stores; "warren messages trace ${id}" tells what became of it`,
    )
  }
  if (others.length > 0) {
    const names = [failure, ...others].map((each) => each.subscription).sort()
    throw new CliError('USAGE_INVALID', `${id} failed in ${names.join(', ')}: say which with --subscription`)
  }
  return failure
}
