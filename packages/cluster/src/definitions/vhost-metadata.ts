import type { ManagementClient } from '../management/client.ts'
import { api } from '../management/path.ts'
import { isObject, type Value } from '../resources/value.ts'
import type { FoundVhost } from '../snapshot/snapshot.ts'
import { type DefinitionsDocument, itemsOf, textOf } from './document.ts'

/** What the vhosts of a broker are, by name; exports of 3.10 do not say it. */
export async function metadataOf(client: ManagementClient): Promise<ReadonlyMap<string, Value>> {
  const vhosts = await client.get<readonly FoundVhost[]>(
    api`vhosts?columns=name,description,tags,default_queue_type&disable_stats=true`,
  )
  return new Map(
    vhosts.map(({ name, description = '', tags = [], default_queue_type: type }) => {
      const list = typeof tags === 'string' ? tags.split(',').filter((tag) => tag !== '') : tags
      const hasType = type !== undefined && type !== 'undefined'
      return [name, { description, tags: list, ...(hasType ? { default_queue_type: type } : {}) }]
    }),
  )
}

/**
 * The document whose vhosts say of what they leave out that it is as the broker has it. Every version takes a vhost without
 * them for one without description and tags, and 4.3 for one whose queues are classic by default. Pure.
 */
export function withKnownMetadata(
  document: DefinitionsDocument,
  known: ReadonlyMap<string, Value>,
): DefinitionsDocument {
  if (!Array.isArray(document['vhosts'])) return document
  const vhosts = itemsOf(document, 'vhosts').map((vhost) => {
    const found = known.get(textOf(vhost, 'name'))
    if (found === undefined) return vhost
    const beside = Object.fromEntries(
      ['description', 'tags', 'default_queue_type'].flatMap((field) => (field in vhost ? [[field, vhost[field]]] : [])),
    ) as Value
    const within = isObject(vhost['metadata']) ? vhost['metadata'] : {}
    return { ...vhost, metadata: { ...found, ...beside, ...within } }
  })
  return { ...document, vhosts }
}
