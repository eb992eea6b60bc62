import { ClusterError } from '../errors.ts'
import type { Finding } from '../lint/finding.ts'
import type { ManagementClient } from '../management/client.ts'
import { nearest } from '../spec/nearest.ts'
import { checkImport, type ImportCheck } from './check-import.ts'
import { diffDefinitions } from './diff.ts'
import { type DefinitionsDocument, identities, itemsOf, textOf } from './document.ts'
import { exportDefinitions } from './export.ts'
import { withoutClusterIdentity } from './identity.ts'
import { importTargetOf } from './import-target.ts'
import type { ImportProblem } from './import-stops.ts'
import { missingIn } from './needs.ts'
import { isOfOneVhost } from './transform/policies.ts'
import { transformDefinitions, type Transforms } from './transform.ts'
import { metadataOf, withKnownMetadata } from './vhost-metadata.ts'

/** Parameters by what they are, since people do not call them so. */
const components: Readonly<Record<string, readonly string[]>> = {
  'operator-policies': ['operator_policy'],
  'vhost-limits': ['vhost-limits'],
  shovels: ['shovel'],
  federation: ['federation-upstream', 'federation-upstream-set'],
}

/** What `only` may name: sections of definitions, and kinds of parameters. */
export const syncSections: readonly string[] = [
  ...Object.keys(identities).map((section) => section.replaceAll('_', '-')),
  ...Object.keys(components),
]

export interface SyncSectionsOptions {
  /** Of `syncSections`. */
  readonly only: readonly string[]
  /** Of this vhost of the source alone. */
  readonly vhost?: string
  /** `forVersion` is by default the version of the target, and the nodes of `toQuorum` are its own. */
  readonly transforms?: Transforms
}

export interface SyncPlan {
  /** What is to be imported. */
  readonly document: DefinitionsDocument
  readonly check: ImportCheck
  /** What the transforms did, and what the chosen objects need that is not there. */
  readonly notes: readonly Finding[]
  /** How many objects of these sections the target has beyond those of the source. They stay. */
  readonly surplus: number
}

/**
 * Reads the target and tells what would bring sections of the source into it. Changes nothing; `importDefinitions` of the
 * plan's document does. Throws TRANSFORM_INVALID for a section or a vhost that is not there.
 */
export async function planSync(
  source: DefinitionsDocument,
  client: ManagementClient,
  options: SyncSectionsOptions,
): Promise<SyncPlan> {
  checkSections(options.only)
  const [target, exported, metadata] = await Promise.all([
    importTargetOf(client),
    exportDefinitions(client, { withSecrets: true }),
    metadataOf(client),
  ])
  const current = withKnownMetadata(exported, metadata)
  const { transforms = {} } = options
  const { document: whole, notes } = transformDefinitions(ofVhost(source, options.vhost), {
    forVersion: target.version,
    ...transforms,
    ...(transforms.toQuorum && {
      toQuorum: { ...(target.nodes > 0 && { nodes: target.nodes }), ...transforms.toQuorum },
    }),
  })
  const chosen = (only: readonly string[]): DefinitionsDocument =>
    withKnownMetadata(withoutClusterIdentity(chooseSections(whole, only)), metadata)
  const document = chosen(options.only)
  const { steps, problems } = checkImport(document, current, target)
  // What the source has and was not chosen: a problem that is gone with a section is one that the section solves.
  const solved = ['vhosts', 'users', 'exchanges', 'queues']
    .filter((section) => problems.length > 0 && !options.only.includes(section))
    .map((section) => {
      const left = checkImport(chosen([...options.only, section]), current, target).problems
      return { section, left: new Set(left.map(keyOf)) }
    })
  const told = problems.map((problem) => {
    const helpful = solved.filter(({ left }) => !left.has(keyOf(problem))).map(({ section }) => section)
    if (helpful.length === 0) return problem
    return { ...problem, message: `${problem.message}; the source has it: add ${helpful.join(' or ')} to --only` }
  })
  return {
    document,
    check: { steps, problems: told },
    notes: [...notes, ...missingIn(document, current)],
    surplus: surplusIn(chooseSections(current, options.only), document),
  }
}

function keyOf({ section, name, message }: ImportProblem): string {
  return JSON.stringify([section, name, message])
}

/** How many objects are there and not in the document, of the vhosts that it speaks of. */
function surplusIn(current: DefinitionsDocument, document: DefinitionsDocument): number {
  const vhosts = new Set(
    Object.keys(identities).flatMap((section) => itemsOf(document, section).map((item) => textOf(item, 'vhost'))),
  )
  const removed = diffDefinitions(current, document).filter(({ kind }) => kind === 'removed')
  return removed.filter(({ identity }) => vhosts.has(textOf(identity, 'vhost'))).length
}

/** The sections that are named, and no other key. Pure. */
export function chooseSections(document: DefinitionsDocument, only: readonly string[]): DefinitionsDocument {
  const chosen: Record<string, unknown> = {}
  for (const name of only) {
    const parts = components[name]
    const section = parts === undefined ? name.replaceAll('-', '_') : 'parameters'
    if (document[section] === undefined) continue
    const items = itemsOf(document, section)
    const wanted = parts === undefined ? items : items.filter((item) => parts.includes(textOf(item, 'component')))
    const before = chosen[section]
    const already: readonly unknown[] = Array.isArray(before) ? before : []
    chosen[section] = [...already, ...wanted.filter((item) => !already.includes(item))]
  }
  return chosen
}

/** The objects of one vhost; a file of one vhost that does not name it is of the one that is named. Pure. */
export function ofVhost(document: DefinitionsDocument, vhost: string | undefined): DefinitionsDocument {
  if (vhost === undefined) {
    if (!isOfOneVhost(document)) return document
    throw new ClusterError('TRANSFORM_INVALID', 'the file is of one vhost and does not say which; name it with --vhost')
  }
  const isNameless = isOfOneVhost(document)
  const entries = Object.keys(identities).flatMap((section) => {
    const fields = identities[section] ?? []
    if (document[section] === undefined || !(fields.includes('vhost') || section === 'vhosts')) return []
    const items = itemsOf(document, section)
    if (isNameless) return [[section, items.map((item) => ({ ...item, vhost }))] as const]
    return [[section, items.filter((item) => textOf(item, section === 'vhosts' ? 'name' : 'vhost') === vhost)] as const]
  })
  // Users are of no vhost; those who may enter this one are of interest.
  const left = Object.fromEntries(entries)
  const may = new Set([...itemsOf(left, 'permissions')].map((permission) => textOf(permission, 'user')))
  const users = itemsOf(document, 'users').filter((user) => may.has(textOf(user, 'name')))
  if (!isNameless && !Object.values(left).some((items) => items.length > 0)) {
    throw new ClusterError('TRANSFORM_INVALID', `the source has no vhost "${vhost}", and nothing in one`)
  }
  return { ...left, ...(document['users'] === undefined ? {} : { users }) }
}

function checkSections(only: readonly string[]): void {
  if (only.length === 0) throw new ClusterError('TRANSFORM_INVALID', `no section is named; there are ${list()}`)
  const unknown = only.find((name) => !syncSections.includes(name))
  if (unknown === undefined) return
  const meant = nearest(unknown, syncSections)
  const hint = meant === undefined ? '' : `did you mean "${meant}"? `
  throw new ClusterError('TRANSFORM_INVALID', `there is no section "${unknown}"; ${hint}There are ${list()}`)
}

function list(): string {
  return syncSections.join(', ')
}
