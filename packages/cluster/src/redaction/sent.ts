import { secretsOfQuery } from './query.ts'
import { isSecretName, REDACTED } from './redact.ts'

/** Shorter ones are words of any answer. */
const MIN_LENGTH = 4

/**
 * The text of an answer without the secrets of what was sent: a broker quotes what it refuses, and not always as a URL that can
 * be recognised.
 */
export function withoutSent(answer: string, sent: unknown): string {
  const forms = [...secretsIn(sent, false)].flatMap((secret) => [secret, ...decoded(secret)])
  return forms
    .flatMap((form) => [form, quoted(form)])
    .filter((form) => form.length >= MIN_LENGTH)
    .toSorted((left, right) => right.length - left.length)
    .reduce((text, form) => text.replaceAll(form, REDACTED), answer)
}

/** `isSecret`: a name above says that every text in it is one. */
function* secretsIn(value: unknown, isSecret: boolean): Iterable<string> {
  if (typeof value === 'string') {
    if (isSecret) yield value
    yield* passwordsOf(value)
  } else if (Array.isArray(value)) for (const item of value) yield* secretsIn(item, isSecret)
  else if (typeof value === 'object' && value !== null) {
    const name: unknown = Reflect.get(value, 'name')
    const isParameter = typeof name === 'string' && isSecretName(name)
    for (const [key, item] of Object.entries(value) as [string, unknown][]) {
      yield* secretsIn(item, isSecret || isSecretName(key) || (isParameter && key === 'value'))
    }
  }
}

/** Also of what is no URL, but was meant as one: `amqp:/user:password@host`. */
function* passwordsOf(text: string): Iterable<string> {
  const found = /^[^@\s]*?:\/*[^:@/\s]*:(.+)@/.exec(text)?.[1] ?? /^[^:@\s]*:([^@\s]+)@/.exec(text)?.[1]
  if (found !== undefined) yield found.replace(/^\/+/, '')
  for (const [, , value = ''] of text.matchAll(secretsOfQuery(text))) yield value
}

/** As it stands in JSON, and in a term of Erlang. */
function quoted(secret: string): string {
  return JSON.stringify(secret).slice(1, -1)
}

function decoded(secret: string): readonly string[] {
  try {
    return [decodeURIComponent(secret)]
  } catch {
    return []
  }
}
