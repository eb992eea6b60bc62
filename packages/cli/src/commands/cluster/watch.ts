import { setTimeout as pause } from 'node:timers/promises'
import type { NodeState } from '@warren/cluster/local'
import { listClusters } from '@warren/cluster/local'

const INTERVAL_MS = 250

/** Tells the states of the nodes of a cluster that comes up, whenever one changes, until it is stopped. */
export function watchNewNodes(
  home: string,
  isNew: (cluster: string) => boolean,
  tell: (line: string) => void,
): { readonly stop: () => Promise<void> } {
  const told = new Map<string, NodeState>()
  const stopping = new AbortController()
  const { signal } = stopping

  const look = async (): Promise<void> => {
    for (const cluster of await listClusters({ home })) {
      if (!isNew(cluster.name)) continue
      for (const { name } of cluster.nodes) {
        const state = await cluster.state(name)
        const key = `${cluster.name} ${name}`
        // Before its process is there a node is `stopped`, which is no news.
        if (told.get(key) === state || (state === 'stopped' && !told.has(key))) continue
        told.set(key, state)
        tell(`${name}: ${state}`)
      }
    }
  }
  const watching = (async () => {
    do {
      // A record that is being written, or a cluster that is taken back, is not worth failing for.
      await look().catch(() => undefined)
      await pause(INTERVAL_MS, undefined, { signal }).catch(() => undefined)
    } while (!signal.aborted)
    await look().catch(() => undefined)
  })()
  return {
    stop: () => {
      stopping.abort()
      return watching
    },
  }
}
