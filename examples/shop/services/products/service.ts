import { createBus } from '@warren/bus'
import type { FastifyReply } from 'fastify'
import { shop } from '../../catalog.ts'
import { httpServer } from '../http.ts'
import type { Service, ServiceOptions } from '../service.ts'
import { making } from '../tables.ts'
import { newAttributes, newPrice, Products, productsTables } from './products.ts'
import type { Answer } from './products.ts'

interface ById {
  Params: { id: string }
}

/** Takes changes of products over HTTP and tells of them. */
export function productsService(options: ServiceOptions): Promise<Service> {
  const bus = createBus({ ...options, service: 'products', catalog: shop, prepare: making(...productsTables) })
  const products = new Products(bus)
  const http = httpServer()

  http.put<ById>('/products/:id/price', async ({ params, body }, reply) =>
    answer(reply, await products.changePrice(params.id, newPrice.parse(body))),
  )
  http.put<ById>('/products/:id/attributes', async ({ params, body }, reply) =>
    answer(reply, await products.changeAttributes(params.id, newAttributes.parse(body))),
  )
  http.get('/products', async () => (await options.store.query('select * from products order by id')).rows)

  return Promise.resolve({ bus, http })
}

function answer(reply: FastifyReply, outcome: Answer): FastifyReply {
  return reply.code(outcome === 'done' ? 200 : 404).send({ outcome })
}
