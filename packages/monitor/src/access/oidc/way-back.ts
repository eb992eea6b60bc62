import { MonitorError } from '../../errors.ts'

// Any: only what comes behind it is used.
const HERE = 'http://page.invalid'

/** A path of this page, to be sent to after a login. Throws REQUEST_INVALID for whatever leads anywhere else. */
export function wayBack(basePath: string, to: string): string {
  const url = URL.parse(to, `${HERE}${basePath}/`)
  const isHere = url !== null && url.origin === HERE && `${url.pathname}/`.startsWith(`${basePath}/`)
  // With two slashes in front, what comes next would be a host to the browser.
  if (!isHere || url.pathname.startsWith('//') || `${url.pathname}/`.startsWith(`${basePath}/api/`))
    throw new MonitorError('REQUEST_INVALID', 400, 'query.to: not a path of this page')
  return `${url.pathname}${url.search}${url.hash}`
}
