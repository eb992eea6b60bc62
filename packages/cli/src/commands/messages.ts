import type { Command } from 'commander'
import { addMessagesList } from './messages/list.ts'
import { addMessagesRetry } from './messages/retry.ts'
import { addMessagesShow } from './messages/show.ts'
import { addMessagesTrace } from './messages/trace.ts'

export function addMessages(program: Command): void {
  const messages = program.command('messages').description('What was published and received.')
  addMessagesList(messages)
  addMessagesShow(messages)
  addMessagesTrace(messages)
  addMessagesRetry(messages)
}
