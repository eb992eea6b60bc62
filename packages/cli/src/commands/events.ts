import type { Command } from 'commander'
import { addEventsLint } from './events/lint.ts'
import { addEventsList } from './events/list.ts'
import { addEventsShow } from './events/show.ts'

export function addEvents(events: Command): void {
  addEventsList(events)
  addEventsShow(events)
  addEventsLint(events)
}
