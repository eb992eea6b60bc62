import { isOwn } from '../resources/global-parameter.ts'
import { type DefinitionsDocument, itemsOf, textOf } from './document.ts'

/**
 * The document without the global parameters that are one cluster's own: an import of `cluster_name` would rename the target,
 * one of `internal_cluster_id` make two clusters the same for whoever tells them apart by it. Pure.
 */
export function withoutClusterIdentity(document: DefinitionsDocument): DefinitionsDocument {
  if (!Array.isArray(document['global_parameters'])) return document
  const kept = itemsOf(document, 'global_parameters').filter((parameter) => !isOwn(textOf(parameter, 'name')))
  return { ...document, global_parameters: kept }
}

/** Their names, where the target has others. */
export function identitiesIn(document: DefinitionsDocument): readonly string[] {
  return itemsOf(document, 'global_parameters')
    .map((parameter) => textOf(parameter, 'name'))
    .filter(isOwn)
}
