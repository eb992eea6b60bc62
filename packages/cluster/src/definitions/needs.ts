import { listed } from '../listed.ts'
import type { Finding } from '../lint/finding.ts'
import { isObject, type Value } from '../resources/value.ts'
import { type DefinitionsDocument, itemsOf, textOf } from './document.ts'
import { noteOf } from './transform/note.ts'

/**
 * What the objects of a document point to that is neither in it nor on the broker: brokers take that without a word. Ends of
 * bindings, vhosts and users are not here: an import stops at those. Pure.
 */
export function missingIn(document: DefinitionsDocument, current: DefinitionsDocument): readonly Finding[] {
  const both = [document, current]
  const named = (section: string, component?: string): ReadonlySet<string> =>
    new Set(
      both
        .flatMap((each) => itemsOf(each, section))
        .filter((item) => component === undefined || textOf(item, 'component') === component)
        .map((item) => JSON.stringify([textOf(item, 'vhost'), textOf(item, 'name')])),
    )
  const exchanges = named('exchanges')
  const upstreams = named('parameters', 'federation-upstream')
  const sets = named('parameters', 'federation-upstream-set')
  const missing = new Map<string, string[]>()
  const add = (about: string, subject: string): void =>
    void missing.set(about, [...(missing.get(about) ?? []), subject])
  const look = (vhost: string, subject: string, settings: Value): void => {
    for (const [key, value] of Object.entries(settings)) {
      if (typeof value !== 'string' || value === '') continue
      const setting = key.replace(/^x-/, '')
      const isKnown = (known: ReadonlySet<string>): boolean => known.has(JSON.stringify([vhost, value]))
      if (setting === 'dead-letter-exchange' || setting === 'alternate-exchange') {
        if (!value.startsWith('amq.') && !isKnown(exchanges)) add(JSON.stringify([vhost, 'exchange', value]), subject)
      } else if (setting === 'federation-upstream' && !isKnown(upstreams)) {
        add(JSON.stringify([vhost, 'federation-upstream', value]), subject)
      } else if (setting === 'federation-upstream-set' && value !== 'all' && !isKnown(sets)) {
        add(JSON.stringify([vhost, 'federation-upstream-set', value]), subject)
      }
    }
  }
  for (const section of ['queues', 'exchanges'] as const) {
    for (const item of itemsOf(document, section)) {
      if (isObject(item['arguments'])) look(textOf(item, 'vhost'), textOf(item, 'name'), item['arguments'])
    }
  }
  for (const item of itemsOf(document, 'policies')) {
    if (isObject(item['definition'])) look(textOf(item, 'vhost'), textOf(item, 'name'), item['definition'])
  }
  return [...missing].map(([key, subjects]) => {
    const [vhost, kind, name] = JSON.parse(key) as [string, string, string]
    return noteOf('warning', 'not-there', { kind, vhost, name }, `${listed(subjects)} point to it, and it is not there`)
  })
}
