import { setTimeout as pause } from 'node:timers/promises'
import { isClusterError } from '../errors.ts'
import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import type { MemberStep } from './member-steps.ts'

export interface MemberOrderOptions {
  /** How long the queue's leader may put it off. Default 60,000. */
  readonly timeoutMs?: number
  /** Between two tries. Default 500. */
  readonly pollMs?: number
  /** Called before each try; what it throws ends them. */
  readonly check?: (() => Promise<void>) | undefined
}

/**
 * Orders a member to be added or removed, and returns when the broker has taken the order, which is not yet to have done it.
 * Tries again while the queue's leader takes no change: one that was elected just now has to commit something of its own first,
 * and a change before this one has to be committed. Both take milliseconds (4.3.6: every queue whose leader was just killed).
 */
export async function orderMember(
  client: ManagementClient,
  { action, vhost, name, node }: Pick<MemberStep, 'action' | 'vhost' | 'name' | 'node'>,
  { timeoutMs = 60_000, pollMs = 500, check }: MemberOrderOptions = {},
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    await check?.()
    try {
      // The broker adds a member in the foreground, and gives a follower up to some seconds to answer.
      if (action === 'add') {
        await client.post(api`queues/quorum/${vhost}/${name}/replicas/add`, { node }, { timeoutMs: 30_000 })
      } else {
        const body = { node }
        await client.delete(api`queues/quorum/${vhost}/${name}/replicas/delete`, { body, timeoutMs: 30_000 })
      }
      return
    } catch (error) {
      if (!isTooEarly(error) || performance.now() >= deadline) throw error
    }
    await pause(pollMs)
  }
}

/** 503 like any other refusal; the reason is the error of the broker's Raft library. */
function isTooEarly(error: unknown): boolean {
  return (
    isClusterError(error, 'MANAGEMENT_FAILED') &&
    String(error.details['reason']).includes('cluster_change_not_permitted')
  )
}
