import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ClusterError } from '../../errors.ts'
import { Cluster } from './cluster.ts'
import { type ClusterRecord, readClusterRecord } from './record.ts'

export function clustersFolder(home: string): string {
  return join(home, 'clusters')
}

/** What every cluster of the home has written down, running or not. */
export async function readRecords(home: string): Promise<ClusterRecord[]> {
  const parent = clustersFolder(home)
  const names = await readdir(parent).catch(() => [])
  const records = await Promise.all(names.map((name) => readClusterRecord(join(parent, name))))
  return records.filter((record) => record !== undefined)
}

/** Every cluster of the home, also one whose nodes have all stopped or died: `status()` tells. */
export async function listClusters(options: { readonly home: string }): Promise<Cluster[]> {
  return (await readRecords(options.home)).map((record) => new Cluster(record))
}

/**
 * Takes in hand a cluster that this or another process started: the one of that name, or without a name the only one.
 * Throws CLUSTER_UNKNOWN.
 */
export async function attachCluster(options: { readonly home: string; readonly name?: string }): Promise<Cluster> {
  const records = await readRecords(options.home)
  const { name } = options
  const found = name === undefined && records.length === 1 ? records[0] : records.find((record) => record.name === name)
  if (found) return new Cluster(found)
  const known = records.map((record) => `"${record.name}"`).join(', ')
  const wanted = name === undefined ? 'say which cluster' : `there is no cluster "${name}"`
  throw new ClusterError(
    'CLUSTER_UNKNOWN',
    known === '' ? `no cluster is up in ${options.home}; start one first` : `${wanted}; there is ${known}`,
    { home: options.home, cluster: name },
  )
}
