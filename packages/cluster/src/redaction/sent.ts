import { isSecretName, REDACTED } from './redact.ts'

/** Shorter ones are words of any answer. */
const MIN_LENGTH = 4

/**
 * An answer without the secrets of what was sent: a broker quotes what it refuses, and not always as a URL that can be
 * recognised.
 */
export function withoutSent(answer: string, sent: unknown): string {
  const forms = [...secretsIn(sent)].flatMap((secret) => [secret, ...decoded(secret)])
  return forms
    .filter((form) => form.length >= MIN_LENGTH)
    .toSorted((left, right) => right.length - left.length)
    .reduce((text, form) => text.replaceAll(form, REDACTED), answer)
}

function* secretsIn(value: unknown): Iterable<string> {
  if (typeof value === 'string') yield* passwordsOf(value)
  else if (Array.isArray(value)) for (const item of value) yield* secretsIn(item)
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value) as [string, unknown][]) {
      if (isSecretName(key) && typeof item === 'string') yield item
      yield* secretsIn(item)
    }
  }
}

/** Also of what is no URL, but was meant as one: `amqp:/user:password@host`. */
function* passwordsOf(text: string): Iterable<string> {
  const found = /^[^@\s]*?:\/*[^:@/\s]*:(.+)@/.exec(text)?.[1] ?? /^[^:@\s]*:([^@\s]+)@/.exec(text)?.[1]
  if (found !== undefined) yield found.replace(/^\/+/, '')
  for (const [, value = ''] of text.matchAll(/[?&][\w-]*(?:password|passphrase|secret|token)=([^&\s]*)/gi)) yield value
}

function decoded(secret: string): readonly string[] {
  try {
    return [decodeURIComponent(secret)]
  } catch {
    return []
  }
}
