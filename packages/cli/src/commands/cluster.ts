import type { Command } from 'commander'
import { addClusterDoctor } from './cluster/doctor.ts'
import { addClusterDown } from './cluster/down.ts'
import { addClusterList } from './cluster/list.ts'
import { addClusterLogs } from './cluster/logs.ts'
import { addClusterNodes } from './cluster/nodes.ts'
import { addClusterPartition } from './cluster/partition.ts'
import { addClusterStatus } from './cluster/status.ts'
import { addClusterUp } from './cluster/up.ts'

export function addCluster(cluster: Command): void {
  cluster.addHelpText(
    'after',
    '\nClusters live in the folder that WARREN_HOME names, else in .warren here or above.\n\nExample:\n  $ warren cluster up -n 3 && warren cluster kill n2 && warren cluster status',
  )
  addClusterUp(cluster)
  addClusterStatus(cluster)
  addClusterDoctor(cluster)
  addClusterList(cluster)
  addClusterNodes(cluster)
  addClusterPartition(cluster)
  addClusterLogs(cluster)
  addClusterDown(cluster)
}
