import type { Command } from 'commander'
import { addEventsLint } from './events/lint.ts'
import { addEventsList } from './events/list.ts'

export function addEvents(events: Command): void {
  addEventsList(events)
  addEventsLint(events)
}
