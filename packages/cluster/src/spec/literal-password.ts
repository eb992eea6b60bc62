/** A URL with a password that is not a variable. */
export function hasLiteralPassword(text: string): boolean {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^:/\s]*:(.*)@/i.exec(text)?.[1] ?? ''
  return password !== '' && !/^\$\{\w+\}$/.test(password)
}
