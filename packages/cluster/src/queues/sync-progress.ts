/** What was seen of a queue that synchronises, at a moment of a monotonic clock. */
export interface SyncSight {
  readonly atMs: number
  /** Nodes with a mirror, and those of them that have caught up: of the cluster's record, not of the statistics. */
  readonly mirrors: readonly string[]
  readonly synchronised: readonly string[]
  /** True while the broker says that it copies. Undefined when the statistics were not answered. */
  readonly isSyncing: boolean | undefined
  /** How many messages it has copied so far, told as often as nodes collect statistics: every 5 s unless configured. */
  readonly copied: number | undefined
}

/** What is remembered from one sight to the next. */
export interface SyncWatch {
  readonly expected: readonly string[]
  readonly isSyncing: boolean
  readonly copied: number
  readonly wasSyncing: boolean
  readonly progressAtMs: number
  /** Whatever changes when something moves. */
  readonly mark: string
}

export type SyncVerdict =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'synchronised' }
  /** A mirror that was there at the start went: with its node, or a policy. */
  | { readonly kind: 'mirror-lost'; readonly nodes: readonly string[] }
  /** It copied, does so no more, and a mirror has not caught up: somebody cancelled it, or a mirror could not go on. */
  | { readonly kind: 'stopped'; readonly nodes: readonly string[] }
  /** Nothing moved for the whole time. */
  | { readonly kind: 'stalled'; readonly nodes: readonly string[] }

export function startWatch(mirrors: readonly string[], atMs: number): SyncWatch {
  return { expected: mirrors, isSyncing: false, copied: 0, wasSyncing: false, progressAtMs: atMs, mark: '' }
}

/**
 * Decides what a sight means. `stopped` takes the timeout as well: when all is copied the broker ends `syncing`, and lists the
 * mirror as synchronised only when it has worked off what it got (20 s later for 200,000 messages on a busy machine).
 */
export function judge(
  watch: SyncWatch,
  sight: SyncSight,
  timeoutMs: number,
): { readonly watch: SyncWatch; readonly verdict: SyncVerdict } {
  const lost = watch.expected.filter((node) => !sight.mirrors.includes(node))
  const behind = sight.mirrors.filter((node) => !sight.synchronised.includes(node))
  const { isSyncing = watch.isSyncing, copied = watch.copied } = sight
  const mark = JSON.stringify([isSyncing, copied, sight.mirrors.length, sight.synchronised.length])
  const progressAtMs = mark === watch.mark ? watch.progressAtMs : sight.atMs
  const wasSyncing = watch.wasSyncing || isSyncing
  const next: SyncWatch = { expected: watch.expected, isSyncing, copied, wasSyncing, progressAtMs, mark }
  const verdict = (): SyncVerdict => {
    if (lost.length > 0) return { kind: 'mirror-lost', nodes: lost }
    if (behind.length === 0) return { kind: 'synchronised' }
    if (sight.atMs - progressAtMs < timeoutMs) return { kind: 'waiting' }
    return { kind: wasSyncing && !isSyncing ? 'stopped' : 'stalled', nodes: behind }
  }
  return { watch: next, verdict: verdict() }
}
