import type { Command } from 'commander'
import { addTraceTo } from './messages/trace.ts'

/** `warren trace` is `warren messages trace`: the question is asked too often for a second word. */
export function addTrace(trace: Command): void {
  addTraceTo(trace.usage('[options] <id>'))
}
