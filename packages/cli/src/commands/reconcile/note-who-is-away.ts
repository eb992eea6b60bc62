import type { Publisher } from '@warren/bus/operate'
import type { Output } from '../../output.ts'

/** What was written into the store of a publisher is taken up by a process that reconciles. */
export function noteWhoIsAway(output: Output, publishers: readonly Publisher[]): void {
  for (const { label, service, isReconciling } of publishers)
    if (!isReconciling)
      output.note(`nothing of it is taken up before a process of the service "${service}" runs (store ${label})`)
}
