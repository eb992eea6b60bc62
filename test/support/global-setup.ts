import { attachCluster, attachPostgres, isClusterError, openHome } from '@warren/cluster/local'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

/** One run of the tests: whoever needs the shared broker or database first starts it, and all others use the same. */
export interface TestRun {
  readonly home: string
  /** Names what is shared in this run, so that several runs in one checkout keep apart. */
  readonly name: string
  /** Brokers and databases end with this process. */
  readonly ownerPid: number
}

declare module 'vitest' {
  interface ProvidedContext {
    warrenRun: TestRun
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = await openHome({
    project: join(import.meta.dirname, '../..'),
    onProgress: (line) => process.stderr.write(line + '\n'),
  })
  const name = `test-${process.pid}`
  project.provide('warrenRun', { home, name, ownerPid: process.pid })
  return async () => {
    const postgres = await attachPostgres({ home, name })
    await postgres?.down()
    try {
      const cluster = await attachCluster({ home, name })
      await cluster.down()
    } catch (error) {
      // Nothing needed a broker in this run.
      if (!isClusterError(error, 'CLUSTER_UNKNOWN')) throw error
    }
  }
}
