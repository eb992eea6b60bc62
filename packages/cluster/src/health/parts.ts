import { type ClusterError, isManagementError } from '../errors.ts'
import type { Broker } from '../management/broker.ts'
import type { NotRead } from './reading.ts'

/** Reads part after part, and keeps account of those that could not be read. */
export class Parts {
  readonly notRead: NotRead[] = []

  /** What `read` resolves with; undefined, with a note, when the management API does not give it. */
  async read<T>(part: string, read: Promise<T>): Promise<T | undefined> {
    try {
      return await read
    } catch (error) {
      if (!isManagementError(error)) throw error
      this.notRead.push({ part, kind: kindOf(error), reason: error.message })
      return undefined
    }
  }
}

/** What the broker told of itself without some of it that only an administrator is given. */
export function notToldBy({ featureFlags }: Broker): readonly NotRead[] {
  if (featureFlags !== undefined) return []
  return [{ part: 'feature flags', kind: 'refused', reason: 'only an administrator is told of them' }]
}

function kindOf({ code }: ClusterError): NotRead['kind'] {
  if (code === 'MANAGEMENT_REFUSED' || code === 'MANAGEMENT_FORBIDDEN_OPERATION') return 'refused'
  return code === 'MANAGEMENT_NOT_FOUND' ? 'absent' : 'failed'
}
