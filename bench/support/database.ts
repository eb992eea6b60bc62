import pg from 'pg'

/** A PostgreSQL server on which benchmarks make databases of their own. */
export class Database {
  readonly #url: string
  readonly #made: string[] = []

  constructor(url: string) {
    this.#url = url
  }

  /** An empty database, and its URL. */
  async create(purpose: string): Promise<string> {
    const name = `warren_bench_${purpose}_${process.pid}_${this.#made.length}`
    await this.#run(`create database ${name}`)
    this.#made.push(name)
    const url = new URL(this.#url)
    url.pathname = `/${name}`
    return url.href
  }

  /** Writes out what one side has left in memory, so that it does not fall on the other. */
  async settle(): Promise<void> {
    // On a server of one's own this user may lack the right; then the checkpointer is part of the noise.
    await this.#run('checkpoint').catch(() => undefined)
  }

  async version(): Promise<string> {
    const [row] = await this.#run<{ server_version: string }>('show server_version')
    return row?.server_version ?? 'unknown'
  }

  /** Runs one statement in a database of create(). */
  async query<Row>(url: string, text: string): Promise<Row[]> {
    return this.#run<Row>(text, url)
  }

  /** Removes what create() made. */
  async drop(): Promise<void> {
    for (const name of this.#made.splice(0)) await this.#run(`drop database if exists ${name} with (force)`)
  }

  async #run<Row>(text: string, url: string = this.#url): Promise<Row[]> {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      return (await client.query(text)).rows as Row[]
    } finally {
      await client.end()
    }
  }
}
