import type { FoundMessage } from '@warren/bus/operate'
import type { Command } from 'commander'
import { Argument } from 'commander'
import { payloadValue, prettyPayload } from '../../json.ts'
import { messageId, storeOption } from '../../options.ts'
import { visible } from '../../output.ts'
import { sessionOf } from '../../session.ts'
import type { StoreOptions } from '../../stores.ts'
import { withStores } from '../../stores.ts'
import { properties, section } from '../../table.ts'
import { showTime } from '../../times.ts'
import { findMessage } from './find.ts'

export function addMessagesShow(parent: Command): void {
  parent
    .command('show')
    .summary('one message with its headers and payload')
    .description('Shows one message with its headers and payload, as it was published or as a failure kept it.')
    .addArgument(new Argument('<id>', 'the message id').argParser(messageId))
    .addOption(storeOption())
    .addHelpText('after', '\nExample:\n  $ warren messages show 0197c2f0-5a1e-7b34-9f00-2d9c1f3a77aa')
    .action(show)
}

/** The message itself; parts that no store has are missing. */
interface Content {
  readonly id: string
  readonly name: string
  readonly entityId?: string
  readonly source: string
  readonly createdAt?: Date
  readonly headers?: Readonly<Record<string, string>>
  readonly payload?: string
  readonly encoding?: 'utf8' | 'base64'
}

async function show(id: string, options: StoreOptions, command: Command): Promise<void> {
  const session = sessionOf(command)
  await withStores(session, options, async (stores) => {
    const content = contentOf(await findMessage(stores, id))
    const { payload, encoding } = content
    const document =
      payload === undefined || encoding === 'base64' ? content : { ...content, payload: payloadValue(payload) }
    session.output.result(document, () => describe(content))
    if (payload === undefined) {
      session.output.note('The payload is in the store of the publisher, which is not among these.')
    }
  })
}

/** What was published; else what a failure kept of it; else what the inbox says. */
function contentOf(found: FoundMessage): Content {
  const [sent] = found.sent
  if (sent !== undefined) {
    const { id, name, entityId, source, createdAt, headers, payload } = sent
    return { id, name, entityId, source, createdAt, headers, payload }
  }
  const failure = found.received.find((entry) => entry.failure !== null)?.failure
  if (failure != null) {
    const { name, entityId, source, headers, payload, encoding } = failure
    return { id: found.id, name, entityId, source, headers, payload, encoding }
  }
  const [entry] = found.received
  return { id: found.id, name: entry?.name ?? '', source: entry?.source ?? '' }
}

function describe(content: Content): string {
  const { id, name, entityId, source, createdAt, headers, payload, encoding } = content
  const parts = [
    properties([
      ['id', id],
      ['event', name],
      ...(entityId === undefined ? [] : [['entity', entityId] as const]),
      ['source', source],
      ...(createdAt === undefined ? [] : [['published', showTime(createdAt)] as const]),
    ]),
  ]
  const pairs = Object.entries(headers ?? {})
  if (pairs.length > 0) parts.push(section('Headers', properties(pairs)))
  if (payload !== undefined) {
    const text = encoding === 'base64' ? payload : prettyPayload(payload)
    parts.push(section(encoding === 'base64' ? 'Payload (base64)' : 'Payload', visible(text)))
  }
  return parts.join('\n\n')
}
