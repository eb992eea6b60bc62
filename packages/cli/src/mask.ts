/**
 * The text without the passwords of the URLs in it, whether they are well-formed or not: everything between the scheme
 * and the last `@` goes, but for a user name. Passwords in a query (`?password=…`) go too.
 */
export function maskPasswords(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)([^\s"'`<>]*)@/gi, (_, scheme: string, login: string) => {
      const user = /^([\w.%~-]*)(:|$)/.exec(login)
      if (user === null) return `${scheme}***@`
      return `${scheme}${user[1] ?? ''}${user[2] === ':' ? ':***' : ''}@`
    })
    .replace(/([?&](?:password|sslpassword)=)[^&\s"'`]*/gi, '$1***')
}
