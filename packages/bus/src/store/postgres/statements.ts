import { createHash } from 'node:crypto'

import { WarrenError } from '../../errors.ts'

const SCHEMA = /^[a-z_][a-z0-9_]{0,40}$/

/** Statements are written for the schema `warren`; this gives them the schema of the store. */
export class Statements {
  readonly schema: string
  readonly #texts = new Map<string, string>()
  readonly #names = new Map<string, string>()

  constructor(schema: string) {
    if (!SCHEMA.test(schema)) {
      throw new WarrenError(
        'CONFIG_INVALID',
        `the schema "${schema}" must be lower case letters, digits and _, at most 41`,
        { schema },
      )
    }
    this.schema = schema
  }

  text(statement: string): string {
    if (this.schema === 'warren') return statement
    let text = this.#texts.get(statement)
    if (text === undefined) {
      text = this.rewrite(statement)
      this.#texts.set(statement, text)
    }
    return text
  }

  /** As text(), for what is made once and need not be remembered. */
  rewrite(statement: string): string {
    return statement.replaceAll(/\bwarren\./g, `${this.schema}.`)
  }

  /** The same text has the same name in every store of a pool, and another text another one. */
  name(text: string): string {
    let name = this.#names.get(text)
    if (name === undefined) {
      name = `warren_${createHash('sha1').update(text).digest('hex').slice(0, 16)}`
      this.#names.set(text, name)
    }
    return name
  }
}

/** A timestamptz as milliseconds since the epoch, independent of the type parsers that a service has set in `pg`. */
export function ms(column: string): string {
  return `(extract(epoch from ${column}) * 1000)::float8`
}

/** UUIDs need no quotes in an array; pg's own conversion of 1,000 of them costs more than the query. */
export function uuidArray(ids: readonly string[]): string {
  return `{${ids.join(',')}}`
}
