import postgres from 'postgres'

import { postgresJsTx } from '../../src/adapters/postgres-js.ts'
import { describeAdapter } from './contract.ts'

describeAdapter('postgres.js', (url) => {
  const client = postgres(url)
  return {
    async transaction(work) {
      await client.begin((sql) => work(postgresJsTx(sql), (id) => sql`insert into effect ${sql({ id })}`))
    },
    adaptOutside: () => postgresJsTx(client as never),
    close: () => client.end(),
  }
})
