import type { Command } from 'commander'
import { addEventsLint } from './events/lint.ts'
import { addEventsList } from './events/list.ts'

export function addEvents(program: Command): void {
  const events = program.command('events').description('The catalog: which events there are, and who listens.')
  addEventsList(events)
  addEventsLint(events)
}
