import * as z from 'zod'
import { api } from '../management/path.ts'
import { OWNED_PREFIX } from '../plan/owned.ts'
import type { ResourceKind } from './kind.ts'
import { parameterChanges, type ParameterValue } from './parameter.ts'

export interface GlobalParameterSection {
  /** By name; the value is what whoever reads it takes. */
  readonly globalParameters?: Readonly<Record<string, unknown>>
}

const own = new Set(['cluster_name', 'internal_cluster_id', 'imported_definition_hash', 'cluster_tags'])

/** True for what is one cluster's own: its name and id, and what specs have written about it. */
export const isOwn = (name: string): boolean => own.has(name) || name.startsWith(OWNED_PREFIX)

export const globalParameterKind: ResourceKind<ParameterValue> = {
  kind: 'global-parameter',
  section: {
    at: 'cluster',
    name: 'globalParameters',
    schema: z
      .record(
        z
          .string()
          .refine((name) => !isOwn(name), { error: 'is kept by the broker or by Warren itself; choose another name' }),
        z.unknown(),
      )
      .describe('Values of plugins and programs for the whole cluster, by name.'),
  },
  *wanted({ spec }) {
    for (const [name, value] of Object.entries(spec.globalParameters ?? {})) yield { name, value: { value } }
  },
  *found({ definitions }) {
    for (const { name, value } of definitions.global_parameters) if (!isOwn(name)) yield { name, value: { value } }
  },
  changes: (found, { value }) => parameterChanges(found.value, value),
  async put({ client }, { name, value }) {
    await client.put(api`global-parameters/${name}`, { name, value: value.value })
  },
  async remove({ client }, { name }) {
    await client.delete(api`global-parameters/${name}`)
  },
}
