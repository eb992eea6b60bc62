import { type ClusterError, isManagementError } from '../errors.ts'
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

function kindOf({ code }: ClusterError): NotRead['kind'] {
  if (code === 'MANAGEMENT_REFUSED' || code === 'MANAGEMENT_FORBIDDEN_OPERATION') return 'refused'
  return code === 'MANAGEMENT_NOT_FOUND' ? 'absent' : 'failed'
}
