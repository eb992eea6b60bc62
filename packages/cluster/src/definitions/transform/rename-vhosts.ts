import { ClusterError } from '../../errors.ts'
import type { Finding } from '../../lint/finding.ts'
import { isObject, type Value } from '../../resources/value.ts'
import { type DefinitionsDocument, itemsOf, textOf } from '../document.ts'
import { noteOf, type Transformed } from './note.ts'

/** Global parameters of the MQTT plugin whose value is an object with names of vhosts as its values. */
const mappings = new Set(['mqtt_default_vhosts', 'mqtt_port_to_vhost_mapping'])

/**
 * Gives vhosts other names, wherever an object says which one it is of; all at once, so that two can change names. A URL of a
 * shovel or an upstream that names one may be that of another cluster: it stays, with a warning. Throws TRANSFORM_INVALID for a
 * vhost that the file does not have, and where two would become one. Pure.
 */
export function renameVhosts(document: DefinitionsDocument, names: Readonly<Record<string, string>>): Transformed {
  const known = vhostsIn(document)
  checkNames(names, known)
  const renamed = (name: string): string => (Object.hasOwn(names, name) ? (names[name] ?? name) : name)
  const entries = Object.entries(document).map(([section, items]) => {
    const list: readonly unknown[] | undefined = Array.isArray(items) ? items : undefined
    const changed = list?.map((item) => (isObject(item) ? renamedItem(section, item, renamed) : item))
    return [section, changed ?? items] as const
  })
  return { document: Object.fromEntries(entries), notes: urlsThatName(document, names) }
}

/** Every vhost that is named anywhere in the file. */
export function vhostsIn(document: DefinitionsDocument): ReadonlySet<string> {
  const ofObjects = Object.values(document).flatMap((items) => {
    const list: readonly unknown[] = Array.isArray(items) ? items : []
    return list.filter(isObject).flatMap(({ vhost }) => (typeof vhost === 'string' ? [vhost] : []))
  })
  return new Set([...itemsOf(document, 'vhosts').map((vhost) => textOf(vhost, 'name')), ...ofObjects])
}

function checkNames(names: Readonly<Record<string, string>>, known: ReadonlySet<string>): void {
  for (const [from, to] of Object.entries(names)) {
    if (!known.has(from)) {
      const those = [...known].map((name) => `"${name}"`).join(', ')
      throw invalid(`there is no vhost "${from}" to rename; the definitions have ${those === '' ? 'none' : those}`)
    }
    if (to === '') throw invalid(`the vhost "${from}" cannot be renamed to nothing`)
  }
  const left = [...known].map((name) => names[name] ?? name)
  const twice = left.find((name, index) => left.indexOf(name) !== index)
  if (twice !== undefined) throw invalid(`two vhosts would both be "${twice}"; choose another name for one of them`)
}

function renamedItem(section: string, item: Value, renamed: (name: string) => string): Value {
  if (section === 'vhosts') return { ...item, name: renamed(textOf(item, 'name')) }
  if (section === 'global_parameters' && mappings.has(textOf(item, 'name')) && isObject(item['value'])) {
    const value = Object.entries(item['value']).map(([key, vhost]) => [
      key,
      typeof vhost === 'string' ? renamed(vhost) : vhost,
    ])
    return { ...item, value: Object.fromEntries(value) as unknown }
  }
  return typeof item['vhost'] === 'string' ? { ...item, vhost: renamed(item['vhost']) } : item
}

function urlsThatName(document: DefinitionsDocument, names: Readonly<Record<string, string>>): readonly Finding[] {
  return itemsOf(document, 'parameters').flatMap((parameter) => {
    const named = [...new Set(urlsIn(parameter['value']).map(vhostOf))].filter(
      (vhost): vhost is string => vhost !== undefined && Object.hasOwn(names, vhost),
    )
    const about = {
      kind: textOf(parameter, 'component'),
      vhost: names[textOf(parameter, 'vhost')] ?? textOf(parameter, 'vhost'),
      name: textOf(parameter, 'name'),
    }
    return named.map((vhost) =>
      noteOf(
        'warning',
        'url-names-vhost',
        about,
        `a URL of it leads to a vhost "${vhost}" and stays as it is; if that is the one that is now "${names[vhost] ?? ''}", change it`,
      ),
    )
  })
}

function urlsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return /^amqps?:\/\//i.test(value) ? [value] : []
  if (Array.isArray(value)) return value.flatMap(urlsIn)
  return isObject(value) ? Object.values(value).flatMap(urlsIn) : []
}

/** `amqp://host/a%2Fb` names `a/b`; without a path it is the broker's default, `/`. Undefined for what cannot be read. */
function vhostOf(url: string): string | undefined {
  // Not new URL(): `amqp://` without a host is a shovel's way to say "this broker".
  const path = /^amqps?:\/\/[^/?]*(?:\/([^?]*))?/i.exec(url)?.[1]
  if (path === undefined) return '/'
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

function invalid(message: string): ClusterError {
  return new ClusterError('TRANSFORM_INVALID', message)
}
