import { resolve } from 'node:path'
import { CliError } from './errors.ts'
import { redactUrl } from '@warren/cluster/redaction'

/** Where a store is, read from its URL. */
export type StoreLocation =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly connectionString: string; readonly schema: string | undefined }

/**
 * Reads `sqlite:PATH` (relative to `folder`) or `postgres://…`, where `?schema=` names the schema of Warren's tables.
 * Throws USAGE_INVALID.
 */
export function parseStoreUrl(url: string, folder: string): StoreLocation {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(url) ?? []
  switch (scheme) {
    case 'sqlite': {
      const path = rest.replace(/^\/\/(?=\/|\.)/, '')
      if (path === '' || path.startsWith('//')) throw refused(url, 'names no file, as in sqlite:./orders.db')
      return { kind: 'sqlite', path: resolve(folder, path) }
    }
    case 'postgres':
    case 'postgresql':
      return { kind: 'postgres', ...withoutSchema(url) }
    default:
      throw refused(url, 'is neither sqlite:PATH nor postgres://USER@HOST/DATABASE')
  }
}

/** `schema` is Warren's word and none of PostgreSQL's: it does not reach the driver. */
function withoutSchema(url: string): { connectionString: string; schema: string | undefined } {
  if (!URL.canParse(url)) {
    throw refused(url, 'is not a URL; characters such as # or / in the password must be percent-encoded')
  }
  const parsed = new URL(url)
  const schema = parsed.searchParams.get('schema') ?? undefined
  if (schema === undefined) return { connectionString: url, schema }
  parsed.searchParams.delete('schema')
  return { connectionString: parsed.href, schema }
}

function refused(url: string, why: string): CliError {
  return new CliError('USAGE_INVALID', `the store "${redactUrl(url)}" ${why}`)
}
