/**
 * The rules of names: `<entity>[.<scope>…].<process>.on<Fact>`, for example `order.viporder.delivery.onDelivered`. A name
 * is also the routing key of its messages, so it has AMQP's limit of 255 bytes; words are ASCII, so bytes are characters.
 */
export const MAX_NAME_BYTES = 255

/** What a word may hold, for messages. */
export const WORD_RULE = 'letters, digits, "-" and "_"'

const word = /^[A-Za-z0-9_-]+$/
const fact = /^on[A-Z][A-Za-z0-9_-]*$/

export function isWord(text: string): boolean {
  return word.test(text)
}

/** One or more words joined by dots. */
export function isDottedWords(text: string): boolean {
  return text.split('.').every(isWord)
}

/** `onPaid`, `onDelivered`: the last word of every name. */
export function isFact(text: string): boolean {
  return fact.test(text)
}

/** The key of an event in its entity, apart: `payment.onPaid` is the fact `onPaid` of the process `payment`. */
export interface EventKey {
  /** One or more words. */
  readonly process: string
  readonly fact: string
}

/** Splits `<process>.on<Fact>`, or says which rule the key breaks. */
export function parseEventKey(key: string): EventKey | { readonly problem: string } {
  const dot = key.lastIndexOf('.')
  if (dot < 0) return { problem: 'needs a process before its fact, as in "payment.onPaid"' }
  const [process, last] = [key.slice(0, dot), key.slice(dot + 1)]
  if (!isDottedWords(process)) return { problem: `must be words of ${WORD_RULE}, joined by dots` }
  if (!isFact(last)) return { problem: 'must end in a fact: "on" and a capital letter, as in "payment.onPaid"' }
  return { process, fact: last }
}

/** `order`, `viporder`, `payment.onPaid` → `order.viporder.payment.onPaid` */
export function eventName(entity: string, scope: string | null, key: string): string {
  return scope === null ? `${entity}.${key}` : `${entity}.${scope}.${key}`
}
