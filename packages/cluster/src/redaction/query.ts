/** Of RabbitMQ's URIs (`password` of a private key) and of PostgreSQL's. */
const field = String.raw`[?&][\w-]*(?:password|passphrase|secret|token)=`

/** What stands before a secret of a query (`?password=…`), and the secret: in a text that is one URL, up to the next `&`. */
export const secretOfUrl: RegExp = new RegExp(`(${field})([^&]*)`, 'gi')

/** The same in a text that may go on after the URL. An apostrophe ends none: a password has it as it is. */
export const secretInText: RegExp = new RegExp(`(${field})([^&\\s"\`]*)`, 'gi')

const openSecret = new RegExp(`${field}[^&]*$`, 'i')

/** True where what follows the text would be of a secret, too. */
export function endsInSecret(text: string): boolean {
  return openSecret.test(text)
}

/** True for a text that was meant as one URL, whatever characters are in it. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
}

/** Those of a text as a whole: what begins as a URL is one to its end. */
export function secretsOfQuery(text: string): RegExp {
  return isUrl(text) ? secretOfUrl : secretInText
}
