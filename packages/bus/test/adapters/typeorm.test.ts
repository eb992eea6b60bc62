import 'reflect-metadata'

import { DataSource, EntitySchema } from 'typeorm'

import { typeormTx } from '../../src/adapters/typeorm.ts'
import { describeAdapter } from './contract.ts'

// TypeORM declares these options as a class and takes any object.
// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
const Effect = new EntitySchema<{ id: string }>({
  name: 'effect',
  columns: { id: { type: 'text', primary: true } },
})

describeAdapter('TypeORM', async (url) => {
  const dataSource = await new DataSource({ type: 'postgres', url, entities: [Effect] }).initialize()
  return {
    transaction: (work) =>
      dataSource.transaction((manager) => work(typeormTx(manager), (id) => manager.insert(Effect, { id }))),
    adaptOutside: () => typeormTx(dataSource.manager),
    close: () => dataSource.destroy(),
  }
})

describeAdapter('a TypeORM query runner', async (url) => {
  const dataSource = await new DataSource({ type: 'postgres', url, entities: [Effect] }).initialize()
  return {
    async transaction(work) {
      const runner = dataSource.createQueryRunner()
      await runner.startTransaction()
      try {
        await work(typeormTx(runner.manager), (id) => runner.manager.insert(Effect, { id }))
        await runner.commitTransaction()
      } catch (error) {
        await runner.rollbackTransaction()
        throw error
      } finally {
        await runner.release()
      }
    },
    adaptOutside: () => typeormTx(dataSource.createQueryRunner().manager),
    close: () => dataSource.destroy(),
  }
})
