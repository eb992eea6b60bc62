import { ClusterError } from '../errors.ts'

declare const isPath: unique symbol

/** A path of the management API below `/api/`, made by `api` so that no name in it goes unencoded. */
export type ApiPath = string & { readonly [isPath]: true }

/**
 * A path of the management API; what is put in is percent-encoded: `` api`queues/${vhost}/${name}` `` for the vhost `/` is
 * `queues/%2F/…`. Throws MANAGEMENT_INVALID for a name that cannot be part of a path.
 */
export function api(texts: TemplateStringsArray, ...names: readonly (string | number)[]): ApiPath {
  const path = texts.reduce((before, text, index) => `${before}${encoded(String(names[index - 1] ?? ''))}${text}`)
  return path.replace(/^\//, '') as ApiPath
}

/** A path that is encoded already, such as one typed by a person. */
export function rawPath(path: string): ApiPath {
  return path.replace(/^\//, '') as ApiPath
}

/** The path with query parameters; those that are undefined are left out. */
export function withQuery(
  path: ApiPath,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
): ApiPath {
  const parameters = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) parameters.set(key, String(value))
  if (parameters.size === 0) return path
  const text = parameters.toString()
  return `${path}${path.includes('?') ? '&' : '?'}${text}` as ApiPath
}

function encoded(name: string): string {
  // Every URL parser on the way, proxies included, would take these as steps in the tree, encoded or not.
  if (name === '.' || name === '..') {
    throw new ClusterError(
      'MANAGEMENT_INVALID',
      `"${name}" cannot be named in a path of the management API; use rabbitmqctl on the node`,
      { name },
    )
  }
  return encodeURIComponent(name)
}
