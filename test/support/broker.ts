import { type Cluster, type ClusterOptions, shareCluster, startCluster } from '@warren/cluster/local'
import { randomUUID } from 'node:crypto'
import { inject } from 'vitest'

/** A vhost of its own on the shared cluster. */
export interface TestVhost {
  readonly vhost: string
  /** One URL for each of the three nodes. */
  readonly amqpUrls: readonly string[]
  readonly cluster: Cluster
  /** Removes the vhost; what is not removed goes at the end of the run. */
  readonly drop: () => Promise<void>
}

/**
 * The three-node cluster that all tests of a run share; the first to ask starts it. Do not stop its nodes or raise an alarm:
 * a test that does starts a `privateCluster`.
 */
export async function sharedCluster(): Promise<Cluster> {
  return await shareCluster({ ...inject('warrenRun'), version: testedSeries(), onProgress })
}

/** A fresh vhost on the shared cluster. */
export async function testVhost(): Promise<TestVhost> {
  const cluster = await sharedCluster()
  const { name, amqpUrls } = await cluster.createVhost()
  return { vhost: name, amqpUrls, cluster, drop: () => cluster.deleteVhost(name) }
}

/** A cluster that a test may break. It ends with `down()`, at the latest with the run. */
export async function privateCluster(options: Omit<ClusterOptions, 'home' | 'onProgress'> = {}): Promise<Cluster> {
  const { home, name, ownerPid } = inject('warrenRun')
  const unique = `${name}-${randomUUID().slice(0, 8)}`
  return await startCluster({ name: unique, ownerPid, version: testedSeries(), ...options, home, onProgress })
}

/** The series of RabbitMQ that this run is to test with, `4.3`; undefined for whatever is here. */
export function testedSeries(): string | undefined {
  return process.env['WARREN_TEST_RABBITMQ'] || undefined
}

function onProgress(line: string): void {
  process.stderr.write(line + '\n')
}
