import { randomBytes } from 'node:crypto'
import {
  ClusterError,
  exportDefinitions,
  importDefinitions,
  importDocument,
  importIdentity,
  parseDefinitions,
  planImport,
  planSync,
} from '@warren/cluster'
import type { DefinitionsDocument, Finding, ImportCheck, ImportDocument } from '@warren/cluster'
import { MonitorError } from '../errors.ts'
import type { Clusters, KnownCluster } from './clusters.ts'

/** Where definitions come from: a file that somebody has, or the vhost of another cluster. */
export type DefinitionsSource =
  | { readonly kind: 'file'; readonly text: string }
  | { readonly kind: 'cluster'; readonly from: string; readonly only: readonly string[]; readonly toQuorum: boolean }

/** What may be brought from one vhost into another. Users and what they may do concern a cluster as a whole. */
export const vhostSections = [
  ...(['exchanges', 'queues', 'bindings', 'policies', 'operator-policies'] as const),
  ...(['federation', 'shovels', 'vhost-limits'] as const),
] as const

export interface DefinitionsPlan extends ImportDocument {
  /** Of what would be done, secrets included: an apply has to name it. */
  readonly id: string
  /** Sections of a file that are of no vhost, and are left out. */
  readonly ignored: readonly string[]
  /** How many objects the cluster has beyond those of the source; they stay. Null for a file. */
  readonly surplus: number | null
}

interface Prepared {
  readonly document: DefinitionsDocument
  readonly into: { readonly vhost?: string }
  readonly check: ImportCheck
  readonly notes: readonly Finding[]
  readonly ignored: readonly string[]
  readonly surplus: number | null
}

const ofOneVhost: ReadonlySet<string> = new Set(['parameters', 'policies', 'queues', 'exchanges', 'bindings'])

/** Plans what comes into the vhost of a cluster, and does what was planned. Nothing is kept in between: a plan is made again. */
export class DefinitionsDesk {
  readonly #clusters: Clusters
  /** So that the id of a plan tells nothing of the secrets in it. Plans of before a restart are made anew. */
  readonly #key = randomBytes(32)

  constructor(clusters: Clusters) {
    this.#clusters = clusters
  }

  async plan(target: KnownCluster, source: DefinitionsSource): Promise<DefinitionsPlan> {
    const { check, notes, ignored, surplus } = await this.#prepare(target, source)
    return { id: this.#idOf(target, check), ...importDocument(check, notes), ignored, surplus }
  }

  /**
   * Does what was planned, and reads the cluster again. `onSure` is called at the last moment before it. Returns how many objects
   * are made or changed. Throws PLAN_STALE, with nothing changed, when it would do anything else than the plan of this id.
   */
  async apply(
    target: KnownCluster,
    source: DefinitionsSource,
    id: string,
    onSure: (check: ImportCheck) => Promise<void>,
  ): Promise<number> {
    const { document, into } = await this.#prepare(target, source)
    const { steps } = await importDefinitions(target.client, document, {
      ...into,
      confirm: async (check) => {
        if (this.#idOf(target, check) !== id)
          throw new ClusterError(
            'PLAN_STALE',
            'nothing was changed: this is not what would be done now; the cluster or the definitions are others than when the plan was shown. Look at a new one',
          )
        await onSure(check)
      },
    })
    return steps.length
  }

  async #prepare({ client, vhost, name }: KnownCluster, source: DefinitionsSource): Promise<Prepared> {
    if (source.kind === 'file') {
      const document = parseDefinitions(source.text, 'the file')
      const ignored = Object.entries(document).flatMap(([section, items]) =>
        Array.isArray(items) && items.length > 0 && !ofOneVhost.has(section) ? [section] : [],
      )
      const into = { vhost }
      return { document, into, check: await planImport(client, document, into), notes: [], ignored, surplus: null }
    }
    const from = this.#clusters.find(source.from)
    if (from.name === name || isSamePlace(from, { client, vhost }))
      throw new MonitorError('REQUEST_INVALID', 400, `"${source.from}" and "${name}" are the same vhost of one cluster`)
    const { document, check, notes, surplus } = await planSync(
      await exportDefinitions(from.client, { withSecrets: true }),
      client,
      {
        only: source.only,
        vhost: from.vhost,
        transforms: {
          ...(from.vhost === vhost ? {} : { renameVhosts: { [from.vhost]: vhost } }),
          ...(source.toQuorum ? { toQuorum: {} } : {}),
        },
      },
    )
    return { document, into: {}, check, notes, ignored: [], surplus }
  }

  #idOf({ name, vhost }: KnownCluster, check: ImportCheck): string {
    return importIdentity(check, [name, vhost], this.#key)
  }
}

function isSamePlace(a: Pick<KnownCluster, 'client' | 'vhost'>, b: Pick<KnownCluster, 'client' | 'vhost'>): boolean {
  return a.vhost === b.vhost && a.client.endpoints.some((endpoint) => b.client.endpoints.includes(endpoint))
}
