import type { Command } from 'commander'
import { addMessagesList } from './messages/list.ts'
import { addMessagesRetry } from './messages/retry.ts'
import { addMessagesShow } from './messages/show.ts'
import { addMessagesTrace } from './messages/trace.ts'

export function addMessages(messages: Command): void {
  addMessagesList(messages)
  addMessagesShow(messages)
  addMessagesTrace(messages)
  addMessagesRetry(messages)
}
