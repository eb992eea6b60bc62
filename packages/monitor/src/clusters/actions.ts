import { isClusterError } from '@warren/cluster'
import type { Logger } from '@warren/bus'
import { MonitorError } from '../errors.ts'
import type { ClusterActionLog, Noted, Outcome, Undertaking } from './action-log.ts'

/** One queue of an action that takes its time. */
export interface QueueProgress {
  readonly name: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'left'
  readonly copied: number
  readonly messages: number
  readonly error: string | null
}

/** What has become of it so far. */
export interface Progress {
  readonly queues: readonly QueueProgress[]
  /** Leaders that another node has now; null for what moves none. */
  readonly moved: number | null
}

export interface RunningAction extends Progress {
  readonly id: string
  readonly action: string
  readonly actor: string
  readonly startedAt: string
  readonly endedAt: string | null
  readonly state: 'running' | Exclude<Outcome, 'begun'>
  readonly error: { readonly code: string; readonly message: string } | null
}

export interface Work {
  /** Replaces what it names of the progress. */
  readonly report: (progress: Partial<Progress>) => void
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
}

export interface Result {
  readonly outcome: Exclude<Outcome, 'begun'>
  /** For the action log. */
  readonly details: object
}

/** How many that have ended are still told of, for each cluster. */
const MOST_ENDED = 20

interface Held {
  readonly cluster: string
  /** What must not be done twice at a time. */
  readonly keys: readonly string[]
  readonly stop: AbortController
  view: RunningAction
  ended: Promise<void>
}

/** What the page does to clusters: each thing noted before it is done, and once at a time. */
export class ClusterActions {
  readonly #log: ClusterActionLog
  readonly #logger: Logger
  readonly #held = new Set<Held>()
  readonly #reserved = new Set<string>()

  constructor(log: ClusterActionLog, logger: Logger) {
    this.#log = log
    this.#logger = logger
  }

  /** Newest first. */
  list(cluster: string): readonly RunningAction[] {
    return [...this.#held]
      .filter((each) => each.cluster === cluster)
      .map(({ view }) => view)
      .toReversed()
  }

  /** Does something that is soon done. Throws ACTION_RUNNING, ACTION_UNLOGGED, and what `work` throws, which is noted as well. */
  run<Value>(undertaking: Undertaking, keys: readonly string[], work: () => Promise<Value>): Promise<Value> {
    return this.runOnceSure(undertaking, keys, async (begin) => {
      await begin()
      return work()
    })
  }

  /**
   * The same for what finds out by itself whether it may be done: it is noted when `work` calls `begin`, which it must do before
   * it changes anything. What it throws before that was not done, and is not noted.
   */
  async runOnceSure<Value>(
    undertaking: Undertaking,
    keys: readonly string[],
    work: (begin: (details?: object) => Promise<void>) => Promise<Value>,
  ): Promise<Value> {
    this.#reserve(keys)
    let noted: Noted | null = null
    try {
      const value = await work(async (details = {}) => {
        noted = await this.#log.begin({ ...undertaking, details: { ...undertaking.details, ...details } })
      })
      await (noted as Noted | null)?.end('done', {})
      return value
    } catch (error) {
      await (noted as Noted | null)?.end('failed', errorOf(error))
      throw error
    } finally {
      this.#release(keys)
    }
  }

  /** Begins something that takes its time, and returns once it is noted. Throws ACTION_RUNNING, ACTION_UNLOGGED. */
  async start(
    undertaking: Undertaking,
    keys: readonly string[],
    first: Progress,
    work: (work: Work) => Promise<Result>,
  ): Promise<RunningAction> {
    this.#reserve(keys)
    let noted: Noted
    try {
      noted = await this.#log.begin(undertaking)
    } catch (error) {
      this.#release(keys)
      throw error
    }
    const { cluster, action, actor } = undertaking
    const held: Held = {
      ...{ cluster: cluster.name, keys, stop: new AbortController() },
      view: {
        ...{ id: noted.run, action, actor, startedAt: new Date().toISOString(), endedAt: null },
        ...{ state: 'running', error: null },
        ...first,
      },
      ended: Promise.resolve(),
    }
    this.#held.add(held)
    held.ended = this.#carryOut(held, noted, work)
    return held.view
  }

  /** Ends the waiting for what has any of these keys, and returns when it has ended. Returns what it was. */
  async leave(keys: readonly string[]): Promise<readonly RunningAction[]> {
    const concerned = [...this.#held].filter(
      (held) => held.view.state === 'running' && held.keys.some((key) => keys.includes(key)),
    )
    const views = concerned.map(({ view }) => view)
    for (const { stop } of concerned) stop.abort()
    await Promise.all(concerned.map(({ ended }) => ended))
    return views
  }

  async stop(): Promise<void> {
    for (const { stop } of this.#held) stop.abort()
    await Promise.all([...this.#held].map(({ ended }) => ended))
  }

  async #carryOut(held: Held, noted: Noted, work: (work: Work) => Promise<Result>): Promise<void> {
    const change = (changed: Partial<RunningAction>): void => {
      held.view = { ...held.view, ...changed }
    }
    try {
      const { outcome, details } = await work({ report: change, signal: held.stop.signal })
      await noted.end(outcome, details)
      change({ state: outcome, endedAt: new Date().toISOString() })
    } catch (error) {
      if (!isClusterError(error)) this.#logger.error({ error, action: held.view.action }, 'an action has failed')
      await noted.end('failed', errorOf(error))
      change({ state: 'failed', endedAt: new Date().toISOString(), error: errorOf(error) })
    } finally {
      this.#release(held.keys)
      this.#forgetOldest(held.cluster)
    }
  }

  #forgetOldest(cluster: string): void {
    const ended = [...this.#held].filter((each) => each.cluster === cluster && each.view.endedAt !== null)
    for (const each of ended.slice(0, Math.max(0, ended.length - MOST_ENDED))) this.#held.delete(each)
  }

  #reserve(keys: readonly string[]): void {
    const taken = keys.find((key) => this.#reserved.has(key))
    if (taken !== undefined)
      throw new MonitorError('ACTION_RUNNING', 409, 'nothing was done: somebody has begun this already, and it goes on')
    for (const key of keys) this.#reserved.add(key)
  }

  #release(keys: readonly string[]): void {
    for (const key of keys) this.#reserved.delete(key)
  }
}

/** Errors that nobody has foreseen tell nothing of themselves to readers. */
function errorOf(error: unknown): { readonly code: string; readonly message: string } {
  return isClusterError(error)
    ? { code: error.code, message: error.message }
    : { code: 'INTERNAL', message: 'the page has failed here; its log says why' }
}
