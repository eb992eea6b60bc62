import { defineEntity, MikroORM, p } from '@mikro-orm/postgresql'

import { mikroOrmTx } from '../../src/adapters/mikro-orm.ts'
import { describeAdapter } from './contract.ts'

const Effect = defineEntity({ name: 'Effect', tableName: 'effect', properties: { id: p.text().primary() } })

describeAdapter('MikroORM', async (url) => {
  const orm = await MikroORM.init({ clientUrl: url, entities: [Effect] })
  return {
    transaction: (work) => orm.em.fork().transactional((em) => work(mikroOrmTx(em), (id) => em.insert(Effect, { id }))),
    adaptOutside: () => mikroOrmTx(orm.em.fork()),
    close: () => orm.close(),
  }
})
