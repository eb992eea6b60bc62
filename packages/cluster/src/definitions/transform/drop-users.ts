import { ClusterError } from '../../errors.ts'
import { type DefinitionsDocument, itemsOf, textOf } from '../document.ts'
import { noteOf, type Transformed } from './note.ts'

/** Leaves users out, and their permissions. Throws TRANSFORM_INVALID for a user that the file does not have. Pure. */
export function dropUsers(document: DefinitionsDocument, users: 'all' | readonly string[]): Transformed {
  const known = new Set([
    ...itemsOf(document, 'users').map((user) => textOf(user, 'name')),
    ...['permissions', 'topic_permissions'].flatMap((section) =>
      itemsOf(document, section).map((item) => textOf(item, 'user')),
    ),
  ])
  const dropped = users === 'all' ? known : new Set(users)
  const unknown = [...dropped].find((name) => !known.has(name))
  if (unknown !== undefined) {
    throw new ClusterError('TRANSFORM_INVALID', `there is no user "${unknown}" to drop in the definitions`)
  }
  const kept: Record<string, unknown> = { ...document }
  const counts: Record<string, number> = {}
  for (const [section, field] of [
    ['users', 'name'],
    ['permissions', 'user'],
    ['topic_permissions', 'user'],
  ] as const) {
    if (!Array.isArray(document[section])) continue
    const items = itemsOf(document, section)
    const left = items.filter((item) => !dropped.has(textOf(item, field)))
    kept[section] = left
    counts[section] = items.length - left.length
  }
  const permissions = (counts['permissions'] ?? 0) + (counts['topic_permissions'] ?? 0)
  const notes = [...dropped].map((name) =>
    noteOf('note', 'user-dropped', { kind: 'user', name }, 'left out, with what it may do'),
  )
  // One line for all: a cluster may have hundreds.
  const summary = noteOf(
    'note',
    'user-dropped',
    { kind: 'user', name: '*' },
    `${dropped.size} left out, with ${permissions} permissions; those of the target stay`,
  )
  if (dropped.size === 0) return { document: kept, notes: [] }
  return { document: kept, notes: users === 'all' ? [summary] : notes }
}
