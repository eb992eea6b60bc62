import type { InboxStatus, SentState } from '@warren/bus'
import { CliError } from '../../errors.ts'

export const sentStates: readonly SentState[] = ['sent', 'pending', 'unroutable', 'unpublishable']
export const inboxStatuses: readonly InboxStatus[] = ['handled', 'retrying', 'parked', 'discarded']

export interface SideOptions {
  readonly sent?: true
  readonly received?: true
  readonly state?: string
  readonly entity?: string
  readonly subscription?: string
}

export interface Sides {
  readonly sent: boolean
  readonly received: boolean
}

/**
 * Which side of the stores is asked. Both, unless an option says one, or only one of them can answer: published events
 * know their entity, receipts their subscription. Throws USAGE_INVALID when the options leave neither.
 */
export function decideSides(options: SideOptions): Sides {
  const receivedOnly = [
    ...(options.received === true && options.sent !== true ? ['--received'] : []),
    ...(options.subscription === undefined ? [] : ['--subscription']),
    ...(isOneOf(inboxStatuses, options.state) ? [`--state ${options.state}`] : []),
  ]
  const sentOnly = [
    ...(options.sent === true && options.received !== true ? ['--sent'] : []),
    ...(options.entity === undefined ? [] : ['--entity']),
    ...(isOneOf(sentStates, options.state) ? [`--state ${options.state}`] : []),
  ]
  const [received] = receivedOnly
  const [sent] = sentOnly
  if (received !== undefined && sent !== undefined) {
    throw new CliError(
      'USAGE_INVALID',
      `${sent} is about published events and ${received} about received messages; leave one of them out`,
    )
  }
  return { sent: received === undefined, received: sent === undefined }
}

export function isOneOf<Value extends string>(values: readonly Value[], text: string | undefined): text is Value {
  return (values as readonly (string | undefined)[]).includes(text)
}
