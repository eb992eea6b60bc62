import * as z from 'zod'
import type { ResourceKind } from '../resources/kind.ts'
import { kinds } from '../resources/registry.ts'
import { vhostFields } from '../resources/vhost.ts'
import { nodesSchema } from './nodes.ts'
import { partitionMistakes } from './partitions.ts'
import { replicationSchema } from './replication.ts'
import type { Spec, VhostSpec } from './spec.ts'

const variables = z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.union([z.string(), z.number(), z.boolean()]))

const vhost = z
  .strictObject({
    ...vhostFields,
    replication: replicationSchema
      .exactOptional()
      .describe('How often queues are there, compiled for the broker that is found.'),
    ...sectionsAt('vhost'),
  })
  .superRefine((value, context) => {
    // It has passed the schemas of all kinds by now.
    for (const { path, message } of partitionMistakes(value as VhostSpec)) {
      context.addIssue({ code: 'custom', path: [...path], message })
    }
  })

/** What a spec may hold: the only place that says so. Validation, the JSON Schema and the reference are made from it. */
export const specSchema: z.ZodType<Spec> = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,64}$/, { error: 'must be letters, digits, `.`, `-` and `_`, 64 at most' })
    .exactOptional()
    .describe('Tells the objects of this spec from those of another one on the same broker. Default `warren`.'),
  endpoints: z.array(z.string()).min(1).exactOptional().describe('Management listeners: `http://n1:15672`.'),
  nodes: nodesSchema
    .exactOptional()
    .describe('Nodes by name, `rabbit@n1`: the plan tells which are missing or of another type, and how to mend that.'),
  variables: variables.exactOptional().describe('Values of `${NAME}` where nothing else has one.'),
  environments: z.record(z.string(), variables).exactOptional().describe('Values of `${NAME}` by environment.'),
  ...sectionsAt('cluster'),
  vhosts: z.record(z.string().min(1), vhost).exactOptional().describe('Vhosts by name, with what is in them.'),
}) as z.ZodType<Spec>

function sectionsAt(at: 'vhost' | 'cluster'): Record<string, z.ZodType> {
  const sections = kinds.flatMap(({ section }: ResourceKind) => (section?.at === at ? [section] : []))
  return Object.fromEntries(sections.map(({ name, schema }) => [name, schema.exactOptional()]))
}

export type JsonSchema = Readonly<Record<string, unknown>>

/** The schema for editors and other programs. */
export function specJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(specSchema, { io: 'input', unrepresentable: 'any' })
  return { ...schema, title: 'Warren: a RabbitMQ cluster as code (warren.yaml)' }
}
