import { isObject } from '../resources/value.ts'
import { type JsonSchema, specJsonSchema } from './schema.ts'

export type Path = readonly PropertyKey[]

let schema: JsonSchema | undefined

/** The fields that an object at this path may have; undefined where any name will do. */
export function fieldsAt(path: Path): readonly string[] | undefined {
  schema ??= specJsonSchema()
  const places = path.reduce<readonly JsonSchema[]>(
    (here, step) => here.flatMap((place) => below(place, step)),
    [schema],
  )
  const fields = places
    .flatMap(alternatives)
    .flatMap(({ properties }) => (isObject(properties) ? Object.keys(properties) : []))
  return fields.length === 0 ? undefined : [...new Set(fields)]
}

function below(place: JsonSchema, step: PropertyKey): readonly JsonSchema[] {
  return alternatives(place).flatMap(({ properties, additionalProperties, items }) => {
    if (typeof step === 'number') return isObject(items) ? [items] : []
    const field = isObject(properties) ? properties[String(step)] : undefined
    if (isObject(field)) return [field]
    return isObject(additionalProperties) ? [additionalProperties] : []
  })
}

/** The place itself, or what it may be one of. */
function alternatives(place: JsonSchema): readonly JsonSchema[] {
  const { anyOf, allOf, oneOf } = place
  const more = [anyOf, allOf, oneOf].flatMap((list) => (Array.isArray(list) ? list.filter(isObject) : []))
  return more.length === 0 ? [place] : [place, ...more.flatMap(alternatives)]
}
