import { isClusterError } from '../errors.ts'

/** Undefined when no node answered in time. */
export async function unlessSilent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isClusterError(error, 'MANAGEMENT_UNREACHABLE')) return undefined
    throw error
  }
}

/** Statistics come from all nodes: one that is frozen holds them up, and so does a queue that is blocked. */
export const STATISTICS_TIMEOUT_MS = 2000
