import { expect, test } from 'vitest'
import { testVhost } from '../../../test/support/broker.ts'
import { testDatabase } from '../../../test/support/postgres.ts'

test('gives each test a vhost and a database of its own', async () => {
  const [one, other] = await Promise.all([testVhost(), testVhost()])
  const database = await testDatabase()
  expect(one.vhost).not.toBe(other.vhost)
  expect(one.amqpUrls).toHaveLength(3)
  const vhosts = await one.cluster.management<{ name: string }[]>('vhosts')
  expect(vhosts.map(({ name }) => name)).toEqual(expect.arrayContaining([one.vhost, other.vhost]))
  await Promise.all([one.drop(), other.drop(), database.drop()])
})
