import { bar, percentOf } from '../../bar.ts'
import { clipped } from '../../table.ts'

/** A queue that is synchronising: how many of its messages are copied. */
export interface SyncState {
  readonly name: string
  readonly copied: number
  readonly messages: number
}

/** `[████████░░░░░░░░░░░░]  40 %  1/3 queues  qu.order.crm 2000/5000`, at most `columns` wide. Pure. */
export function barLine(running: readonly SyncState[], ended: number, total: number, columns = 80): string {
  const copied = running.reduce((sum, state) => sum + Math.min(state.copied, state.messages), 0)
  const messages = running.reduce((sum, state) => sum + state.messages, 0)
  const percent = percentOf(copied, messages)
  const queues = running.map((state) => `${state.name} ${state.copied}/${state.messages}`).join('  ')
  // The last column is left free: some terminals go to the next line when it is written.
  return clipped(`${bar(percent)} ${String(percent).padStart(3)} %  ${ended}/${total} queues  ${queues}`, columns - 1)
}
