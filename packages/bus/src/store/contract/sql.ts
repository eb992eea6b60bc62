/**
 * The one thing a transaction must be able to do. Placeholders are $1, $2, … on every database. A `pg` client inside
 * BEGIN … COMMIT fits as it is; other libraries through `@warren/bus/adapters/*`.
 */
export interface Sql {
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[] }>
}
