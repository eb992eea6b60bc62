import { api } from '../management/path.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Compiled, VhostSpec } from '../spec/compile.ts'
import type { Resource, ResourceKind, Section } from './kind.ts'
import { type Change, changesBetween, isObject } from './value.ts'

/** A runtime parameter of a plugin; `value` is what the plugin takes. */
export interface ParameterValue {
  readonly value: unknown
}

/** The kind of what a plugin keeps as a runtime parameter of a vhost, under `component`. */
export function parameterKind(options: {
  readonly kind: string
  readonly component: string
  readonly section: Section
  readonly wanted: (vhost: VhostSpec) => Readonly<Record<string, unknown>>
}): ResourceKind<ParameterValue> {
  const { kind, component, section, wanted } = options
  return {
    kind,
    section,
    *wanted({ vhosts }: Compiled): Iterable<Resource<ParameterValue>> {
      for (const [vhost, spec] of vhosts) {
        for (const [name, value] of Object.entries(wanted(spec))) yield { vhost, name, value: { value } }
      }
    },
    *found({ definitions }: Snapshot): Iterable<Resource<ParameterValue>> {
      for (const parameter of definitions.parameters) {
        const { vhost, name, value } = parameter
        if (parameter.component === component) yield { vhost, name, value: { value } }
      }
    },
    changes: (found, { value }) => parameterChanges(found.value, value),
    async put({ client }, { vhost = '', name, value }) {
      await client.put(api`parameters/${component}/${vhost}/${name}`, { value: value.value })
    },
    async remove({ client }, { vhost = '', name }) {
      await client.delete(api`parameters/${component}/${vhost}/${name}`)
    },
  }
}

/** Both ways: a field that the spec does not have is gone after a PUT. */
export function parameterChanges(found: unknown, wanted: unknown): readonly Change[] {
  if (!isObject(found) || !isObject(wanted)) return changesBetween({ value: found }, { value: wanted })
  const removed = Object.keys(found).filter((key) => wanted[key] === undefined)
  return [
    ...changesBetween(found, wanted),
    ...removed.map((key) => ({ path: key, before: found[key], after: undefined })),
  ]
}
