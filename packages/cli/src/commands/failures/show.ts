import type { Failure } from '@warren/bus'
import { readStores } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Argument } from 'commander'
import { CliError } from '../../errors.ts'
import { payloadValue, prettyPayload } from '../../json.ts'
import { messageId, storeOption } from '../../options.ts'
import { visible } from '../../output.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { properties, section } from '../../table.ts'
import { showTime } from '../../times.ts'

export function addFailuresShow(parent: Command): void {
  parent
    .command('show')
    .summary('one failure with its error, stack and payload')
    .description('Shows one failure: the error with its stack, the headers and the payload that the handler was given.')
    .argument('<subscription>', 'the subscription whose handler failed')
    .addArgument(new Argument('<id>', 'the message id').argParser(messageId))
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren failures show order.crm 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa')
    .action(show)
}

async function show(subscription: string, id: string, options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const [failure] = await readStores(stores, (store) =>
      store.failures.list({ subscription, messageId: id, limit: 1 }),
    )
    if (failure === undefined) {
      throw new CliError(
        'FAILURE_UNKNOWN',
        `"${subscription}" has no failure of ${id}; "warren messages trace ${id}" tells what became of it`,
      )
    }
    const { payload, encoding } = failure
    const document = { ...failure, payload: encoding === 'base64' ? payload : payloadValue(payload) }
    session.output.result(document, () => describe(failure))
  })
}

function describe(failure: Failure): string {
  const { error, headers, payload, encoding } = failure
  const parts = [
    properties([
      ['subscription', failure.subscription],
      ['id', failure.messageId],
      ['event', failure.name],
      ['entity', failure.entityId],
      ['source', failure.source],
      ['state', failure.state],
      ['attempts', failure.attempts],
      ['first failed', showTime(failure.firstFailedAt)],
      ['last failed', showTime(failure.lastFailedAt)],
      ...(failure.dueAt === null ? [] : [['due', showTime(failure.dueAt)] as const]),
      ['error', `${error.code}: ${error.type}: ${error.message}`],
      ['fingerprint', error.fingerprint],
    ]),
  ]
  if (error.stack !== '') parts.push(section('Stack', visible(error.stack)))
  const pairs = Object.entries(headers)
  if (pairs.length > 0) parts.push(section('Headers', properties(pairs)))
  parts.push(
    encoding === 'base64'
      ? section('Payload (base64: it is not UTF-8)', payload)
      : section('Payload', visible(prettyPayload(payload))),
  )
  return parts.join('\n\n')
}
