import * as z from 'zod'
import type { ResourceKind } from './kind.ts'
import { parameterKind, type ParameterValue } from './parameter.ts'

/** With the plugin's own keys. Credentials in the URIs come from variables. */
export interface ShovelSpec {
  readonly 'src-uri': string | readonly string[]
  readonly 'dest-uri': string | readonly string[]
  readonly [key: string]: unknown
}

export interface ShovelSection {
  readonly shovels?: Readonly<Record<string, ShovelSpec>>
}

const uri = z.union([z.string(), z.array(z.string()).min(1)])
const protocol = z.enum(['amqp091', 'amqp10', 'local']).exactOptional()
const text = z.string().exactOptional()
const flag = z.boolean().exactOptional()
const table = z.record(z.string(), z.unknown()).exactOptional()
const end = z.union([z.enum(['never', 'queue-length']), z.int().positive()]).exactOptional()

const schema = z.strictObject({
  'src-uri': uri.describe('Where messages come from; `amqp://` is this broker itself.'),
  'dest-uri': uri.describe('Where they go to.'),
  'src-protocol': protocol.describe('Default `amqp091`.'),
  'dest-protocol': protocol.describe('Default `amqp091`.'),
  'src-queue': text.describe('The queue to consume; either this or `src-exchange`.'),
  'src-queue-args': table.describe('Arguments with which that queue is declared.'),
  'src-exchange': text.describe('Or the exchange to bind a queue of its own to.'),
  'src-exchange-key': text.describe('Routing key of that binding.'),
  'src-address': text.describe('With AMQP 1.0: the address to read.'),
  'src-consumer-args': table.describe('Arguments of the consumer, such as `x-stream-offset`.'),
  'src-predeclared': flag.describe('The source must be there; it is not declared. Default false.'),
  'src-prefetch-count': z.int().positive().exactOptional().describe('Unacknowledged messages at most. Default 1000.'),
  'src-delete-after': end.describe(
    'When the shovel has done its work and goes: after as many messages. Default `never`.',
  ),
  'dest-queue': text.describe('The queue that they go to; either this or `dest-exchange`.'),
  'dest-queue-args': table.describe('Arguments with which that queue is declared.'),
  'dest-exchange': text.describe('Or the exchange that they go to.'),
  'dest-exchange-key': text.describe('Routing key there. Default: the one they came with.'),
  'dest-address': text.describe('With AMQP 1.0: the address to write to.'),
  'dest-predeclared': flag.describe('The destination must be there; it is not declared. Default false.'),
  'dest-add-forward-headers': flag.describe('Adds headers that say where a message came from. Default false.'),
  'dest-add-timestamp-header': flag.describe('Adds a header with the time. Default false.'),
  'dest-publish-properties': table.describe('Properties that replace those of messages.'),
  'dest-application-properties': table.describe('With AMQP 1.0: the same for application properties.'),
  'dest-properties': table.describe('With AMQP 1.0: the same for properties.'),
  'dest-message-annotations': table.describe('With AMQP 1.0: the same for message annotations.'),
  'prefetch-count': z.int().positive().exactOptional().describe('The older name of `src-prefetch-count`.'),
  'reconnect-delay': z.number().nonnegative().exactOptional().describe('Seconds. Default 5.'),
  'ack-mode': z
    .enum(['on-confirm', 'on-publish', 'no-ack'])
    .exactOptional()
    .describe('`on-confirm`, the default, loses nothing.'),
  'add-forward-headers': flag.describe('The older name of `dest-add-forward-headers`.'),
  'add-timestamp-header': flag.describe('The older name of `dest-add-timestamp-header`.'),
  'delete-after': end.describe('The older name of `src-delete-after`.'),
})

export const shovelKind: ResourceKind<ParameterValue> = parameterKind({
  kind: 'shovel',
  component: 'shovel',
  section: {
    at: 'vhost',
    name: 'shovels',
    schema: z
      .record(z.string().min(1), schema)
      .describe('What moves messages from a queue or exchange to another, on this broker or beyond.'),
  },
  wanted: ({ shovels = {} }) => shovels,
})
