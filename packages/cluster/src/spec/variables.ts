import type { Variables } from './spec.ts'

export interface VariableSources {
  /** Of the environment that is chosen. They win. */
  readonly environment: Variables
  readonly process: Readonly<Record<string, string | undefined>>
  /** Where the other two have nothing. */
  readonly defaults: Variables
}

export type Substituted =
  { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'missing'; readonly name: string }

const pattern = /\$\$\{|\$\{([A-Za-z_]\w*)\}/g

/**
 * A text of a spec with its variables filled in. A text that is one variable and nothing else becomes what the variable is:
 * a number stays a number, and `3` or `true` of the process' environment become one. Pure.
 */
export function substitute(text: string, sources: VariableSources): Substituted {
  const whole = /^\$\{([A-Za-z_]\w*)\}$/.exec(text)?.[1]
  if (whole !== undefined) {
    const value = lookUp(whole, sources)
    return value === undefined ? { kind: 'missing', name: whole } : { kind: 'value', value: typed(value) }
  }
  let missing: string | undefined
  const value = text.replace(pattern, (match, name: string | undefined) => {
    if (name === undefined) return '${'
    const found = lookUp(name, sources)
    if (found === undefined) missing ??= name
    return found === undefined ? match : String(found)
  })
  return missing === undefined ? { kind: 'value', value } : { kind: 'missing', name: missing }
}

function lookUp(
  name: string,
  { environment, process, defaults }: VariableSources,
): string | number | boolean | undefined {
  return environment[name] ?? process[name] ?? defaults[name]
}

function typed(value: string | number | boolean): string | number | boolean {
  if (typeof value !== 'string') return value
  if (value === 'true' || value === 'false') return value === 'true'
  return /^-?(0|[1-9]\d{0,14})$/.test(value) ? Number(value) : value
}
