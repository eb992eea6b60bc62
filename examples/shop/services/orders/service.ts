import { createBus } from '@warren/bus'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { shop } from '../../catalog.ts'
import { httpServer } from '../http.ts'
import type { Service, ServiceOptions } from '../service.ts'
import { making } from '../tables.ts'
import { newOrder, Orders, ordersTable } from './orders.ts'
import type { Answer } from './orders.ts'

interface ById {
  Params: { id: string }
}

const delivery = z.object({ trackingCode: z.string().min(1) })
const cancellation = z.object({ reason: z.string().min(1) })

/** Takes orders over HTTP and tells what happens to them. Every request may be sent again until it is answered. */
export function ordersService(options: ServiceOptions): Promise<Service> {
  const bus = createBus({ ...options, service: 'orders', catalog: shop, prepare: making(ordersTable) })
  const orders = new Orders(bus)
  const http = httpServer()

  http.put<ById>('/orders/:id', async ({ params, body }, reply) =>
    answer(reply, await orders.create(params.id, newOrder.parse(body))),
  )
  http.post<ById>('/orders/:id/payment', async ({ params }, reply) => answer(reply, await orders.pay(params.id)))
  http.post<ById>('/orders/:id/delivery', async ({ params, body }, reply) =>
    answer(reply, await orders.deliver(params.id, delivery.parse(body).trackingCode)),
  )
  http.post<ById>('/orders/:id/cancellation', async ({ params, body }, reply) =>
    answer(reply, await orders.cancel(params.id, cancellation.parse(body).reason)),
  )
  http.get<ById>('/orders/:id', async ({ params }, reply) => {
    const { rows } = await options.store.query('select * from orders where id = $1', [params.id])
    return rows[0] ?? reply.code(404).send({ error: 'unknown order' })
  })

  return Promise.resolve({ bus, http })
}

function answer(reply: FastifyReply, outcome: Answer): FastifyReply {
  const status = { done: 200, 'unknown order': 404, 'not possible': 409 }[outcome]
  return reply.code(status).send({ outcome })
}
