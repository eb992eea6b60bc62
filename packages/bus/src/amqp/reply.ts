/** The AMQP reply code that amqplib puts on an error when the broker closed a channel or a connection; else null. */
export function replyCodeOf(error: unknown): number | null {
  if (!(error instanceof Error)) return null
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'number' ? code : null
}

// 'Operation failed: QueueDeclare; 406 (PRECONDITION-FAILED) with message "PRECONDITION_FAILED - inequivalent arg …"'
const REPLY_TEXT = /with message "(?<text>.*)"$/s

/** The broker's own words where amqplib wrapped them, else the error's message. */
export function textOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return REPLY_TEXT.exec(message)?.groups?.['text'] ?? message
}
