/** The one difference the broker names when it refuses to declare a queue or an exchange again. */
export interface Inequivalence {
  /** `x-queue-type`, `durable`, `type`, … */
  readonly argument: string
  /** What is there; null for nothing. */
  readonly current: string | null
  /** What was declared; null for nothing. */
  readonly wanted: string | null
}

// "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received the value 'quorum' of type
// 'longstr' but current is none", "… arg 'durable' …: received 'false' but current is 'true'" (RabbitMQ 3.10 to 4.3)
const MESSAGE = /inequivalent arg '(?<argument>[^']+)'.*: received (?<wanted>.+) but current is (?<current>.+)$/s
const VALUE = /^(?:the value )?'(?<value>.*?)'(?: of type '[^']*')?$/s

/** Reads the reply text of a 406; null when it speaks of something else. */
export function parseInequivalence(replyText: string): Inequivalence | null {
  const groups = MESSAGE.exec(replyText)?.groups
  if (groups === undefined) return null
  const { argument = '', current = '', wanted = '' } = groups
  return { argument, current: valueIn(current), wanted: valueIn(wanted) }
}

function valueIn(part: string): string | null {
  const trimmed = part.trim().replace(/"$/, '')
  return trimmed === 'none' ? null : (VALUE.exec(trimmed)?.groups?.['value'] ?? trimmed)
}
