import { randomBytes } from 'node:crypto'

/** A text that nothing but the place where it was put can hold. */
export function canary(): string {
  return `Canary${randomBytes(9).toString('hex')}`
}

/** One with characters that a URL writes in another way. */
export function canaryForUrl(): string {
  return `${canary()}'/+ü@`
}

/** What brokers store: base64 of four bytes of salt and a digest. */
export function canaryHash(): string {
  return randomBytes(36).toString('base64')
}

/** Every way in which a text may hold the secret: as it is, escaped for a URL or JSON, in base64 with anything before it. */
export function formsOf(secret: string): readonly string[] {
  const shifted = [0, 1, 2].map((shift) => {
    const text = Buffer.from('x'.repeat(shift) + secret).toString('base64')
    // The ends depend on what stands beside it.
    return text.slice(shift === 0 ? 0 : 4, -4)
  })
  const escaped = [encodeURIComponent(secret), encodeURI(secret), JSON.stringify(secret).slice(1, -1)]
  return [...new Set([secret, ...escaped, ...shifted])]
}

/** Names of those secrets that the text holds in any form. */
export function secretsIn(text: string, secrets: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(secrets)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name)
}
