import { isCollection, isScalar, LineCounter, type Node, parseDocument, visit, type Document } from 'yaml'
import { ClusterError } from '../errors.ts'
import { isObject } from '../resources/value.ts'
import { issuesOf, type SpecIssue } from './issues.ts'
import { hasLiteralPassword } from './literal-password.ts'
import { nearest } from './nearest.ts'
import { parsePlainSpec, type VariableSections } from './parse-plain.ts'
import { specSchema } from './schema.ts'
import type { Path } from './schema-walk.ts'
import type { Spec, Variables } from './spec.ts'
import { substitute, type VariableSources } from './variables.ts'

export interface ParseOptions {
  /** As errors name it. */
  readonly file?: string
  /** One of the spec's `environments`. */
  readonly environment?: string
  /** Variables of the process. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** A place in a file; lines and columns count from 1. */
export interface SpecProblem {
  readonly line: number
  readonly column: number
  /** `vhosts.shop.queues`. */
  readonly path: string
  readonly message: string
}

/**
 * Reads a spec. Throws SPEC_INVALID or SPEC_VARIABLE_MISSING; `details.problems` has every problem with its line and column.
 * No error holds a value of the file, because any may be a secret.
 */
export function parseSpec(text: string, options: ParseOptions = {}): Spec {
  const { file = 'warren.yaml' } = options
  const plain = parsePlainSpec(text, (sections) => sourcesFrom(sections, options, file))
  if (plain !== undefined) return plain
  const lines = new LineCounter()
  // Pretty errors would show the line.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number, path: Path, message: string): SpecProblem => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col, path: path.map(String).join('.'), message }
  }
  const [broken] = document.errors
  if (broken !== undefined) throw invalid(file, [at(broken.pos[0], [], withoutText(broken.message))])

  const problems = literalPasswords(document).map((node) =>
    at(offsetOf(node), [], 'a URL with a password in it; take the password from a variable: ${NAME}'),
  )
  if (problems.length > 0) throw invalid(file, problems)
  const missing = fillIn(document, sourcesOf(document, options, file))
  if (missing.length > 0) {
    const told = missing.map(({ node, name }) => at(offsetOf(node), [], `the variable ${name} has no value`))
    throw new ClusterError('SPEC_VARIABLE_MISSING', messageOf(file, told), { problems: told })
  }

  const result = specSchema.safeParse(document.toJS() ?? {})
  if (result.success) return result.data
  const found = issuesOf(result.error.issues).map((issue) => at(placeOf(document, issue), issue.path, issue.message))
  throw invalid(file, found)
}

/** The same checks for a spec that was written in TypeScript; without lines. Throws SPEC_INVALID. */
export function checkSpec(spec: unknown, file: string = 'the spec'): Spec {
  const result = specSchema.safeParse(spec)
  if (result.success) return result.data
  const problems = issuesOf(result.error.issues).map(({ path, message }) => `${path.map(String).join('.')}: ${message}`)
  throw new ClusterError('SPEC_INVALID', `${file}: ${problems.join('; ')}`, { problems })
}

function sourcesOf(document: Document, options: ParseOptions, file: string): VariableSources {
  // Not the whole document: that of a large cluster takes its time, and its memory.
  const valueOf = (key: string): unknown => {
    const node: unknown = document.get(key)
    return isCollection(node) ? node.toJS(document) : node
  }
  const [variables, environments] = isCollection(document.contents) ? ['variables', 'environments'].map(valueOf) : []
  return sourcesFrom({ variables, environments }, options, file)
}

function sourcesFrom(
  { variables, environments }: VariableSections,
  { environment, env = {} }: ParseOptions,
  file: string,
): VariableSources {
  const known = isObject(environments) ? environments : {}
  const chosen = environment === undefined ? {} : known[environment]
  if (environment !== undefined && !isObject(chosen)) {
    const meant = nearest(environment, Object.keys(known))
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
    const names = Object.keys(known).join(', ')
    throw new ClusterError(
      'SPEC_INVALID',
      `${file}: there is no environment "${environment}"${hint} (${names === '' ? 'it has no "environments"' : `it has ${names}`})`,
    )
  }
  return {
    environment: chosen as Variables,
    process: env,
    defaults: (isObject(variables) ? variables : {}) as Variables,
  }
}

/** Replaces variables where they stand, so that every node keeps its position. */
function fillIn(
  document: Document,
  sources: VariableSources,
): readonly { readonly node: Node; readonly name: string }[] {
  const missing: { node: Node; name: string }[] = []
  visit(document, {
    Pair(_, pair, path) {
      // They are values themselves, at the top of the file alone.
      if (path.length > 2) return undefined
      const key: unknown = isScalar(pair.key) ? pair.key.value : undefined
      return key === 'variables' || key === 'environments' ? visit.SKIP : undefined
    },
    Scalar(key, node) {
      if (typeof node.value !== 'string' || !node.value.includes('$')) return
      const filled = substitute(node.value, sources)
      if (filled.kind === 'missing') missing.push({ node, name: filled.name })
      else node.value = key === 'key' ? String(filled.value) : filled.value
    },
  })
  return missing
}

function literalPasswords(document: Document): readonly Node[] {
  const found: Node[] = []
  visit(document, {
    Scalar(_, node) {
      const text: unknown = node.value
      if (typeof text === 'string' && hasLiteralPassword(text)) found.push(node)
    },
  })
  return found
}

/** Of the node itself; of the key, when that is what is wrong; of the deepest parent, for what is not there. */
function placeOf(document: Document, { path, unknownKey }: SpecIssue): number {
  const steps = unknownKey === undefined ? path : [...path, unknownKey]
  for (let length = steps.length; length >= 0; length--) {
    const parent: unknown = length === 0 ? undefined : document.getIn(steps.slice(0, length - 1), true)
    const items: unknown = typeof parent === 'object' && parent !== null ? Reflect.get(parent, 'items') : undefined
    if (Array.isArray(items)) {
      const name = String(steps[length - 1])
      const pair: unknown = items.find((item: unknown) => String(keyOf(item)) === name)
      const key: unknown = typeof pair === 'object' && pair !== null ? Reflect.get(pair, 'key') : undefined
      if (isScalar(key)) return offsetOf(key)
    }
    const node: unknown = document.getIn(steps.slice(0, length), true)
    if (typeof node === 'object' && node !== null && 'range' in node) return offsetOf(node as Node)
  }
  return 0
}

function keyOf(item: unknown): unknown {
  const key: unknown = typeof item === 'object' && item !== null ? Reflect.get(item, 'key') : undefined
  return isScalar(key) ? key.value : undefined
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0
}

function invalid(file: string, problems: readonly SpecProblem[]): ClusterError {
  return new ClusterError('SPEC_INVALID', messageOf(file, problems), { problems })
}

function messageOf(file: string, problems: readonly SpecProblem[]): string {
  return problems
    .map(({ line, column, path, message }) => `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`)
    .join('\n')
}

/** Some messages of the parser quote what they stumbled over. */
function withoutText(message: string): string {
  return message.replace(/["'`].*["'`]/gs, '…')
}
