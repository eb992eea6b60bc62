import { PrismaPg } from '@prisma/adapter-pg'

import { prismaTx } from '../../src/adapters/prisma.ts'
import { describeAdapter } from './contract.ts'
import { PrismaClient } from './prisma/client/client.ts'

describeAdapter('Prisma', (url) => {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url }) })
  return {
    transaction: (work) => prisma.$transaction((tx) => work(prismaTx(tx), (id) => tx.effect.create({ data: { id } }))),
    adaptOutside: () => prismaTx(prisma),
    close: () => prisma.$disconnect(),
  }
})
