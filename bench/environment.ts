import { openHome, startCluster, startPostgres } from '@warren/cluster/local'
import type { Cluster } from '@warren/cluster/local'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { Database } from './support/database.ts'

export interface Environment {
  readonly broker: Cluster
  readonly database: Database
  /** What the numbers were measured on. */
  readonly machine: Machine
  /** Ends and removes what was started. */
  close(): Promise<void>
}

export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly node: string
  readonly rabbitmq: string
  readonly brokerNodes: number
  readonly postgres: string
}

/**
 * A three-node cluster of its own, because benchmarks kill nodes, and a PostgreSQL server: the one of DATABASE_URL, else
 * a private one. Both end with this process at the latest.
 */
export async function openEnvironment(onProgress: (line: string) => void): Promise<Environment> {
  const home = await openHome({ project: join(import.meta.dirname, '..'), onProgress })
  const given = process.env['DATABASE_URL'] ?? ''
  const postgres = given === '' ? await startPostgres({ home, onProgress }) : null
  const database = new Database(postgres?.url ?? given)
  // A wrong DATABASE_URL shows now, not after the cluster's start.
  const version = await database.version()
  let broker: Cluster | null = null
  const close = async (): Promise<void> => {
    if (postgres === null) await database.drop()
    await broker?.down()
    await postgres?.down()
  }
  try {
    broker = await startCluster({ home, onProgress })
    return { broker, database, machine: machineOf(broker, version), close }
  } catch (error) {
    await close()
    throw error
  }
}

function machineOf(broker: Cluster, postgres: string): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    node: process.version,
    rabbitmq: broker.version,
    brokerNodes: broker.nodes.length,
    postgres,
  }
}
