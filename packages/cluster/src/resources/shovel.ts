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

const schema = z.strictObject({
  'src-uri': uri.describe('`amqp://` is this broker itself.'),
  'dest-uri': uri,
  'src-protocol': protocol,
  'dest-protocol': protocol,
  'src-queue': z.string().exactOptional(),
  'src-queue-args': z.record(z.string(), z.unknown()).exactOptional(),
  'src-exchange': z.string().exactOptional(),
  'src-exchange-key': z.string().exactOptional(),
  'src-address': z.string().exactOptional(),
  'src-consumer-args': z.record(z.string(), z.unknown()).exactOptional(),
  'src-predeclared': z.boolean().exactOptional(),
  'src-prefetch-count': z.int().positive().exactOptional(),
  'src-delete-after': z
    .union([z.enum(['never', 'queue-length']), z.int().positive()])
    .exactOptional()
    .describe('When the shovel has done its work and goes.'),
  'dest-queue': z.string().exactOptional(),
  'dest-queue-args': z.record(z.string(), z.unknown()).exactOptional(),
  'dest-exchange': z.string().exactOptional(),
  'dest-exchange-key': z.string().exactOptional(),
  'dest-address': z.string().exactOptional(),
  'dest-predeclared': z.boolean().exactOptional(),
  'dest-add-forward-headers': z.boolean().exactOptional(),
  'dest-add-timestamp-header': z.boolean().exactOptional(),
  'dest-publish-properties': z.record(z.string(), z.unknown()).exactOptional(),
  'dest-application-properties': z.record(z.string(), z.unknown()).exactOptional(),
  'dest-properties': z.record(z.string(), z.unknown()).exactOptional(),
  'dest-message-annotations': z.record(z.string(), z.unknown()).exactOptional(),
  'prefetch-count': z.int().positive().exactOptional(),
  'reconnect-delay': z.number().nonnegative().exactOptional().describe('Seconds.'),
  'ack-mode': z.enum(['on-confirm', 'on-publish', 'no-ack']).exactOptional().describe('`on-confirm` loses nothing.'),
  'add-forward-headers': z.boolean().exactOptional(),
  'add-timestamp-header': z.boolean().exactOptional(),
  'delete-after': z.union([z.enum(['never', 'queue-length']), z.int().positive()]).exactOptional(),
})

export const shovelKind: ResourceKind<ParameterValue> = parameterKind({
  kind: 'shovel',
  component: 'shovel',
  section: { at: 'vhost', name: 'shovels', schema: z.record(z.string().min(1), schema) },
  wanted: ({ shovels = {} }) => shovels,
})
