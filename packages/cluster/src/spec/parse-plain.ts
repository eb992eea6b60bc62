import { isObject } from '../resources/value.ts'
import { hasLiteralPassword } from './literal-password.ts'
import { readPlainYaml } from './plain-yaml.ts'
import { specSchema } from './schema.ts'
import type { Spec } from './spec.ts'
import { substitute, type VariableSources } from './variables.ts'

/** What `variables` and `environments` of a spec hold, before anything is checked. */
export interface VariableSections {
  readonly variables: unknown
  readonly environments: unknown
}

/**
 * A spec with nothing wrong in it, without the positions that only mistakes need. Undefined when anything is wrong, or cannot
 * be told here: `parseSpec` then reads the text again, and says what it is. `sourcesOf` may throw, which ends both.
 */
export function parsePlainSpec(
  text: string,
  sourcesOf: (sections: VariableSections) => VariableSources,
): Spec | undefined {
  const read = readPlainYaml(text)
  if (!isObject(read?.value)) return undefined
  const { variables, environments } = read.value
  const sources = sourcesOf({ variables, environments })
  const filled = filledSpec(read.value, sources)
  const result = filled === unclear ? undefined : specSchema.safeParse(filled)
  return result?.success === true ? result.data : undefined
}

/** Something in it is for the parse with positions to tell. */
const unclear: unique symbol = Symbol('unclear')

/** What `variables` and `environments` hold are values themselves; below other keys these names mean nothing. */
function filledSpec(spec: Readonly<Record<string, unknown>>, sources: VariableSources): unknown {
  const { variables, environments, ...rest } = spec
  const filled = filledIn(rest, sources)
  const own = {
    ...(variables === undefined ? {} : { variables }),
    ...(environments === undefined ? {} : { environments }),
  }
  if (!isObject(filled) || withoutPasswords(own) === unclear) return unclear
  return { ...filled, ...own }
}

function filledIn(value: unknown, sources: VariableSources): unknown {
  if (typeof value === 'string') return filledText(value, sources)
  if (Array.isArray(value)) {
    const items: unknown[] = []
    for (const item of value) {
      const filled = filledIn(item, sources)
      if (filled === unclear) return unclear
      items.push(filled)
    }
    return items
  }
  if (!isObject(value)) return value
  const entries: [string, unknown][] = []
  for (const [key, item] of Object.entries(value)) {
    const name = filledText(key, sources)
    const filled = filledIn(item, sources)
    if (name === unclear || filled === unclear) return unclear
    entries.push([String(name), filled])
  }
  return Object.fromEntries(entries)
}

function filledText(text: string, sources: VariableSources): unknown {
  if (hasLiteralPassword(text)) return unclear
  if (!text.includes('$')) return text
  const filled = substitute(text, sources)
  return filled.kind === 'missing' ? unclear : filled.value
}

function withoutPasswords(value: unknown): unknown {
  if (typeof value === 'string') return hasLiteralPassword(value) ? unclear : value
  const items = typeof value === 'object' && value !== null ? Object.entries(value).flat() : []
  return items.some((item) => withoutPasswords(item) === unclear) ? unclear : value
}
