import type { Finding } from '../../lint/finding.ts'
import { labelOf } from '../../resources/kind.ts'
import type { DefinitionsDocument } from '../document.ts'

/** The document that is left, and what a person should know of how it came about. */
export interface Transformed {
  readonly document: DefinitionsDocument
  readonly notes: readonly Finding[]
}

/** `vhost` is undefined for what has none, and empty in a file of one vhost that does not name it. */
export function noteOf(
  level: 'warning' | 'note',
  rule: string,
  about: { readonly kind: string; readonly vhost?: string; readonly name: string },
  message: string,
): Finding {
  const { kind, vhost, name } = about
  const label = labelOf(kind, vhost === undefined || vhost === '' ? { name } : { vhost, name })
  return { level, rule, vhost, kind, name, label, message }
}
