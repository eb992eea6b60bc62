import * as z from 'zod'
import { api } from '../management/path.ts'
import type { ResourceKind } from './kind.ts'

export interface ClusterNameSection {
  /** What the cluster calls itself, as federation and the management page show it. */
  readonly clusterName?: string
}

interface ClusterNameValue {
  readonly name: string
}

export const clusterNameKind: ResourceKind<ClusterNameValue> = {
  kind: 'cluster-name',
  section: {
    at: 'cluster',
    name: 'clusterName',
    schema: z.string().min(1).describe('The name that the cluster tells its clients.'),
  },
  *wanted({ spec }) {
    if (spec.clusterName !== undefined) yield { name: 'name', value: { name: spec.clusterName } }
  },
  *found({ broker }) {
    yield { name: 'name', value: { name: broker.clusterName } }
  },
  async put({ client }, { value }) {
    await client.put(api`cluster-name`, { name: value.name })
  },
}
