import knex from 'knex'

import { knexTx } from '../../src/adapters/knex.ts'
import { describeAdapter } from './contract.ts'

describeAdapter('Knex', (url) => {
  const db = knex({ client: 'pg', connection: url })
  return {
    transaction: (work) =>
      db.transaction((trx) => work(knexTx(trx), (id) => Promise.resolve(trx('effect').insert({ id })))),
    adaptOutside: () => knexTx(db),
    close: () => db.destroy(),
  }
})
