import { isObject } from '../resources/value.ts'
import { diffDefinitions, type Difference } from './diff.ts'
import { type DefinitionsDocument, textOf } from './document.ts'
import { type ImportProblem, stopsOf } from './import-stops.ts'

/** What an import would do with an object of the file; `skip`: the broker has it otherwise, and would not say a word. */
export interface ImportStep {
  readonly action: 'create' | 'overwrite' | 'skip'
  readonly difference: Difference
}

export interface ImportCheck {
  readonly steps: readonly ImportStep[]
  /** What would make the broker refuse the file, or stop half-way with the sections before it applied. */
  readonly problems: readonly ImportProblem[]
}

export interface ImportTarget {
  readonly version: string
  /** Types that an exchange can have there; empty where that is not known. */
  readonly exchangeTypes: readonly string[]
  /** Plugins that run there; undefined where that is not known. */
  readonly plugins?: ReadonlySet<string>
  /** Deprecated features that it does not permit; undefined where that is not known. */
  readonly denied?: ReadonlySet<string>
  /** Who imports, and reads again. */
  readonly user?: string
  /** For a file that is imported into one vhost. */
  readonly vhost?: string
}

/**
 * What would happen if the file were imported into a broker that has `current`. An import deletes nothing, overwrites users,
 * permissions, policies and parameters, and skips queues and exchanges that exist, whatever their properties are.
 */
export function checkImport(
  file: DefinitionsDocument,
  current: DefinitionsDocument,
  target: ImportTarget,
): ImportCheck {
  return { steps: outstanding(file, current, target).map(stepOf), problems: stopsOf(file, current, target) }
}

/** What of the file is not on the broker. Fields that the file does not have are the broker's own affair. */
function outstanding(
  file: DefinitionsDocument,
  current: DefinitionsDocument,
  target: ImportTarget,
): readonly Difference[] {
  const [before, after] = target.vhost === undefined ? [current, file] : [withoutVhosts(current), withoutVhosts(file)]
  return diffDefinitions(before, after).flatMap((difference) => {
    if (difference.kind === 'removed' || !isImported(difference, target)) return []
    if (difference.kind === 'added') return [difference]
    const changes = difference.changes.filter(({ path, after }) => after !== undefined || isOpinion(path))
    return changes.length === 0 ? [] : [{ ...difference, changes }]
  })
}

function stepOf(difference: Difference): ImportStep {
  if (difference.kind === 'added') return { action: 'create', difference }
  const isImmutable = difference.section === 'queues' || difference.section === 'exchanges'
  return { action: isImmutable ? 'skip' : 'overwrite', difference }
}

/** An argument or a key of a policy that is only on the broker: the file has the whole of it. */
function isOpinion(path: string): boolean {
  return /^(arguments|definition|value|tags)\./.test(path)
}

const sections = new Set(
  'users vhosts permissions topic_permissions parameters global_parameters policies queues exchanges bindings'.split(
    ' ',
  ),
)
const ofOneVhost = new Set(['parameters', 'policies', 'queues', 'exchanges', 'bindings'])

/** Predeclared exchanges are passed over, unknown sections not read; an import into one vhost reads few. */
function isImported({ section, identity }: Difference, { vhost }: ImportTarget): boolean {
  if (section === 'exchanges' && /^(amq\.|$)/.test(textOf(identity, 'name'))) return false
  return (vhost === undefined ? sections : ofOneVhost).has(section)
}

/** Some versions name the vhost in an export of one, some do not. */
export function withoutVhosts(document: DefinitionsDocument): DefinitionsDocument {
  const without = (item: unknown): unknown =>
    isObject(item) ? Object.fromEntries(Object.entries(item).filter(([field]) => field !== 'vhost')) : item
  return Object.fromEntries(
    Object.entries(document).map(([section, items]) => [section, Array.isArray(items) ? items.map(without) : items]),
  )
}
