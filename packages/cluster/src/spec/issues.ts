import type * as z from 'zod'
import { nearest } from './nearest.ts'
import { fieldsAt, type Path } from './schema-walk.ts'

/** One thing that is wrong with a spec. It never holds the value that was found, which may be a secret. */
export interface SpecIssue {
  readonly path: Path
  /** The issue is about a key of the object at `path`, which is no field of it. */
  readonly unknownKey?: string
  readonly message: string
}

type Issue = z.core.$ZodIssue

/** What the schema found, in the words of a person who edits the file. Pure. */
export function issuesOf(issues: readonly Issue[], above: Path = []): readonly SpecIssue[] {
  return issues.flatMap((issue) => describe(issue, [...above, ...issue.path]))
}

function describe(issue: Issue, path: Path): readonly SpecIssue[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path, unknownKey: key, message: unknownKey(key, path) }))
    case 'invalid_union':
      return describeUnion(issue, path)
    case 'invalid_key':
      return [{ path, message: issue.issues[0]?.message ?? 'this name cannot be used' }]
    case 'invalid_value':
      return [{ path, message: `must be ${orList(issue.values.map(String))}` }]
    case 'invalid_type':
      return [{ path, message: isMissing(issue) ? 'is missing' : `must be ${kindOf(issue.expected)}` }]
    case 'invalid_format':
    case 'too_small':
    case 'too_big':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'custom':
      return [{ path, message: plain(issue.message) }]
  }
}

/** Of several forms the one that comes nearest: it got furthest, with the fewest complaints. */
function describeUnion(issue: Issue & { code: 'invalid_union' }, path: Path): readonly SpecIssue[] {
  if (issue.message !== 'Invalid input') return [{ path, message: issue.message }]
  const branches = issue.errors.map((errors) => issuesOf(errors, path))
  const values = issue.errors.flatMap((errors) =>
    errors.flatMap((error) => (error.code === 'invalid_value' ? error.values : [])),
  )
  const isShallow = branches.every((branch) =>
    branch.some((each) => each.path.length === path.length && each.unknownKey === undefined),
  )
  if (isShallow && values.length > 0) return [{ path, message: `must be ${orList(values.map(String))}, or an object` }]
  const rank = (branch: readonly SpecIssue[]): number =>
    branch.length - Math.max(0, ...branch.map((each) => each.path.length))
  return branches.toSorted((left, right) => rank(left) - rank(right))[0] ?? [{ path, message: 'cannot be understood' }]
}

function unknownKey(key: string, path: Path): string {
  const fields = fieldsAt(path) ?? []
  const meant = nearest(key, fields)
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
  const known = fields.length === 0 ? '' : ` (known are ${fields.toSorted().join(', ')})`
  return `"${key}" is not known here${hint}${known}`
}

function isMissing(issue: Issue & { code: 'invalid_type' }): boolean {
  return /received undefined/.test(issue.message)
}

function kindOf(expected: string): string {
  const kinds: Readonly<Record<string, string>> = {
    object: 'an object',
    record: 'an object',
    array: 'a list',
    string: 'a text',
    int: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
  }
  return kinds[expected] ?? expected
}

function orList(values: readonly string[]): string {
  return values.length < 2 ? (values[0] ?? '') : `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`
}

function plain(message: string): string {
  return message.replace(/^(Too small|Too big|Invalid string|Invalid input): /, '')
}
